// The event loop: one per thread, over epoll. A turn has three phases that do not mix: take the
// kernel's events and only note them; let due timers note theirs; then run what became ready. So
// whatever a resumed coroutine closes or destroys, no pending event can refer to it.
#pragma once

#include <atomic>
#include <coroutine>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/intrusive_list.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/fd.h"
#include "runtime/timer_wheel.h"

namespace baton::runtime {

// The real clocks. Only runtime/ and what it calls may read them; everybody else is given `now`.
Instant monotonic_now();
WallTime wall_now();

struct ReadyTag;
struct SourceTag;
struct SleepTag;

// Something that can be run by the loop once.
class Waiter : public ListNode<ReadyTag> {
 public:
  virtual void run() = 0;

 protected:
  ~Waiter() = default;
};

class Sleep;

// What epoll reports events of: a Source (runtime/source.h), which the loop need not know closer.
class EventTarget : public ListNode<SourceTag> {
 public:
  // `events`: epoll's bits. Notes them; runs nothing.
  virtual void on_events(std::uint32_t events) = 0;
  virtual void cancel() = 0;

 protected:
  ~EventTarget() = default;
};

class Loop {
 public:
  static Result<std::unique_ptr<Loop>> create();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Turns until stop() is called and the turn has ended.
  void run();
  // From any thread, or from within.
  void stop();
  // Runs `action` on the loop's thread in a later turn; may be called from any thread.
  void post(std::function<void()> action);

  // The time at which this turn began. Cheap; a millisecond of staleness is normal.
  [[nodiscard]] Instant now() const { return now_; }
  // The time of day in this turn, read when it is first asked for.
  WallTime wall_now() {
    if (!wall_now_) wall_now_ = runtime::wall_now();
    return *wall_now_;
  }
  // Reads the clock again, for who needs it exact.
  Instant refresh_now() { return now_ = monotonic_now(); }
  TimerWheel& timers() { return timers_; }

  // Completes at `deadline`, or with `cancelled`.
  Sleep sleep_until(Instant deadline);
  Sleep sleep_for(Duration duration);

  // Wakes everything that waits on this loop with `cancelled`, and fails all later waits: the way
  // to end all conversations in an orderly manner.
  void cancel_all();
  [[nodiscard]] bool cancelled() const { return cancelled_; }

  // In a forked child that will not use this loop: closes the epoll descriptor.
  void abandon_after_fork();

  // -- for awaiters of this folder --
  void make_ready(Waiter& waiter) {
    if (!waiter.is_linked()) ready_.push_back(waiter);
  }
  // Puts `waiter` off to the next turn: a coroutine that always finds its data ready must not
  // starve the others.
  void defer(Waiter& waiter) { deferred_.push_back(waiter); }
  // False when the running coroutine has done enough in this turn.
  bool spend_budget() { return budget_ > 0 ? (--budget_, true) : false; }

 private:
  friend class Source;
  friend class Sleep;
  explicit Loop(Fd epoll, Fd wake);
  void turn();
  void take_events();
  void run_posted();

  static constexpr int budget_per_run = 64;
  static constexpr int events_per_turn = 256;

  Fd epoll_;
  Fd wake_;
  Instant now_;
  std::optional<WallTime> wall_now_;  // of this turn
  TimerWheel timers_;
  IntrusiveList<Waiter, ReadyTag> ready_;
  IntrusiveList<Waiter, ReadyTag> deferred_;
  IntrusiveList<EventTarget, SourceTag> sources_;
  IntrusiveList<Sleep, SleepTag> sleepers_;
  int budget_ = budget_per_run;
  bool cancelled_ = false;
  std::atomic<bool> stopping_ = false;
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

// Awaitable pause.
class Sleep final : public Waiter, public TimerEntry, public ListNode<SleepTag> {
 public:
  Sleep(Loop& loop, Instant deadline) : loop_(loop), deadline_(deadline) {}
  bool await_ready() const { return loop_.cancelled(); }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    loop_.sleepers_.push_back(*this);
    loop_.timers().arm(*this, deadline_);
  }
  Status await_resume() {
    if (loop_.cancelled()) return fail(ErrorKind::cancelled, "sleep");
    return {};
  }
  void expired() override { loop_.make_ready(*this); }
  void run() override {
    ListNode<SleepTag>::unlink();
    disarm();
    handle_.resume();
  }

 private:
  Loop& loop_;
  Instant deadline_;
  std::coroutine_handle<> handle_;
};

// A timer that calls a function, for plain (not coroutine) code. The function runs from the loop
// and may re-arm or destroy the timer.
class Timer final : public TimerEntry, public Waiter {
 public:
  Timer(Loop& loop, std::function<void()> action) : loop_(loop), action_(std::move(action)) {}
  void arm(Instant deadline) {
    ListNode<ReadyTag>::unlink();
    loop_.timers().arm(*this, deadline);
  }
  void arm_after(Duration duration) { arm(loop_.now() + duration); }
  void cancel() {
    disarm();
    ListNode<ReadyTag>::unlink();
  }
  void expired() override { loop_.make_ready(*this); }
  void run() override {
    const auto action = action_;  // a copy: the action may destroy this timer
    action();
  }

 private:
  Loop& loop_;
  std::function<void()> action_;
};

}  // namespace baton::runtime
