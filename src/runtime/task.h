// Task<T>: a conversation's step as a coroutine. Lazy: it runs when it is awaited, on the thread
// and at the place of the awaiting coroutine, and hands control back by symmetric transfer, so
// nesting costs no stack. Frames come from a per-thread pool (runtime/frame_pool.h).
//
// Rules that keep it simple: a Task is awaited exactly once; a started frame is never destroyed
// from outside (cancel what it waits for instead and let it return); tasks that nobody awaits are
// spawned into a TaskScope whose owner joins it.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "runtime/frame_pool.h"

namespace baton::runtime {

namespace detail {

struct TaskPromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();

  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) { free_frame(frame, size); }

  struct FinalAwaiter {
    bool await_ready() noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> handle) noexcept {
      return handle.promise().continuation;
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  FinalAwaiter final_suspend() noexcept { return {}; }
  // Nothing of ours throws across a function; what does is a bug.
  void unhandled_exception() noexcept { std::terminate(); }
};

template <typename T>
struct TaskPromise : TaskPromiseBase {
  std::optional<T> value;
  std::coroutine_handle<TaskPromise> get_return_object() {
    return std::coroutine_handle<TaskPromise>::from_promise(*this);
  }
  template <typename U>
  void return_value(U&& result) {
    value.emplace(std::forward<U>(result));
  }
  T take() { return std::move(*value); }
};

template <>
struct TaskPromise<void> : TaskPromiseBase {
  std::coroutine_handle<TaskPromise> get_return_object() {
    return std::coroutine_handle<TaskPromise>::from_promise(*this);
  }
  void return_void() {}
  void take() {}
};

}  // namespace detail

template <typename T = void>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::TaskPromise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task(Handle handle) : handle_(handle) {}  // NOLINT: made by the coroutine machinery
  Task(Task&& other) noexcept
      : handle_(std::exchange(other.handle_, nullptr)), started_(other.started_) {}
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (!handle_) return;
    BATON_ASSERT(!started_ || handle_.done());
    handle_.destroy();
  }

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) noexcept {
    BATON_ASSERT(!started_);
    started_ = true;
    handle_.promise().continuation = awaiting;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

 private:
  Handle handle_;
  bool started_ = false;
};

namespace detail {

// A coroutine that starts at once and frees itself at its end; only TaskScope and both() use it.
struct Detached {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) { free_frame(frame, size); }
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace detail

// Owner of tasks that run side by side. All of them must have ended before it is destroyed:
// cancel what they wait for, then `co_await scope.joined()`.
class TaskScope {
 public:
  TaskScope() = default;
  TaskScope(const TaskScope&) = delete;
  TaskScope& operator=(const TaskScope&) = delete;
  ~TaskScope() { BATON_ASSERT(running_ == 0); }

  // Runs `task` until its first suspension, then goes on side by side with the caller.
  void spawn(Task<void> task) {
    ++running_;
    run(std::move(task));
  }
  [[nodiscard]] std::size_t running() const { return running_; }

  // Something else that has to end before the scope does and has no task of its own; each hold()
  // is followed by a release().
  void hold() { ++running_; }
  void release() {
    if (--running_ == 0 && waiting_) std::exchange(waiting_, nullptr).resume();
  }

  // Completes when no spawned task runs any more. One awaiting coroutine at a time.
  auto joined() {
    struct Awaiter {
      TaskScope& scope;
      bool await_ready() const { return scope.running_ == 0; }
      void await_suspend(std::coroutine_handle<> handle) { scope.waiting_ = handle; }
      void await_resume() const {}
    };
    return Awaiter{*this};
  }

 private:
  detail::Detached run(Task<void> task) {
    co_await task;
    release();
  }

  std::size_t running_ = 0;
  std::coroutine_handle<> waiting_;
};

// Runs two tasks side by side and ends when both have ended.
inline Task<void> both(Task<void> first, Task<void> second) {
  TaskScope scope;
  scope.spawn(std::move(first));
  scope.spawn(std::move(second));
  co_await scope.joined();
}

}  // namespace baton::runtime
