// Source: a non-blocking descriptor in a loop, with what the kernel said of it. Edge-triggered: an
// edge sets `readable` or `writable`, an operation that would block (or a short read, which proves
// that the socket is drained) clears it. So a kept-alive exchange needs no probing receive.
//
// Wait<Operation> is the one awaiter of the runtime: it tries the operation at once, and when that
// would block it waits, in the awaiting coroutine's own frame, for the edge, the deadline or
// cancellation, whichever is first.
#pragma once

#include <coroutine>
#include <optional>
#include <utility>
#include <variant>

#include "base/result.h"
#include "runtime/loop.h"

namespace baton::runtime {

enum class Direction : std::uint8_t { read, write };
enum class Trigger : std::uint8_t {
  edge,   // sockets that carry data
  level,  // listening sockets: one accept per report costs no call that finds nothing
};

class Source final : public EventTarget {
 public:
  // Takes over `fd`, which must be non-blocking, and registers it for reading. With
  // `connecting`, also for writing.
  Source(Loop& loop, Fd fd, Trigger trigger = Trigger::edge, bool connecting = false);
  ~Source();

  [[nodiscard]] Loop& loop() const { return loop_; }
  [[nodiscard]] int fd() const { return fd_.get(); }
  // Takes the descriptor out of the loop, to be given away. Nobody may be waiting on it.
  Fd release();

  [[nodiscard]] bool ready(Direction direction) const {
    return direction == Direction::read ? readable_ : writable_;
  }
  void set_ready(Direction direction) { flag(direction) = true; }
  void clear_ready(Direction direction) { flag(direction) = false; }
  // After a short read: the socket is drained unless the kernel has told of its end already.
  void drained() {
    if (!hung_up_) readable_ = false;
  }
  // The kernel has told that the other end will send no more, or that the socket failed.
  [[nodiscard]] bool hung_up() const { return hung_up_; }

  // Ends the present waits with `cancelled` and fails all later ones.
  void cancel() override;
  [[nodiscard]] bool cancelled() const { return cancelled_ || loop_.cancelled(); }

  // Ends the present wait in one direction, or else the next, with `cancelled`; those after it are
  // as ever. For whoever wants a conversation to turn to something else while it waits.
  void interrupt(Direction direction);
  void clear_interrupt(Direction direction) { interrupted(direction) = false; }
  bool take_interrupt(Direction direction) { return std::exchange(interrupted(direction), false); }

  // Calls waiter.run() at the next edge, deadline-less. One waiter per direction; for awaiters
  // and for watching idle connections.
  void await_ready(Direction direction, Waiter& waiter);
  void forget(Direction direction) { waiter(direction) = nullptr; }

  // Whether the kernel is to tell of this descriptor at all; what is there when it is told again
  // to look is an event. Only for those that nobody writes to.
  void set_watched(bool watched);

  void on_events(std::uint32_t events) override;

 private:
  bool& flag(Direction direction) { return direction == Direction::read ? readable_ : writable_; }
  Waiter*& waiter(Direction direction) { return direction == Direction::read ? reader_ : writer_; }
  bool& interrupted(Direction direction) {
    return direction == Direction::read ? read_interrupted_ : write_interrupted_;
  }
  void watch_writes();

  Loop& loop_;
  Fd fd_;
  Waiter* reader_ = nullptr;
  Waiter* writer_ = nullptr;
  bool readable_ = false;
  bool writable_ = true;
  bool hung_up_ = false;
  bool cancelled_ = false;
  bool read_interrupted_ = false;
  bool write_interrupted_ = false;
  bool watching_writes_ = false;
  bool watched_ = true;
  Trigger trigger_;
};

// Operation: a class with `static constexpr Direction direction`, a type `Value`, and
// `std::optional<Result<Value>> attempt(Source&)`: empty when it would block.
template <typename Operation>
class [[nodiscard]] Wait final : public Waiter, public TimerEntry {
 public:
  Wait(Source& source, Instant deadline, Operation operation)
      : source_(source), deadline_(deadline), operation_(operation) {}

  bool await_ready() { return source_.loop().spend_budget() && attempt(); }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    if (source_.cancelled() || source_.ready(Operation::direction)) {
      source_.loop().defer(*this);  // out of budget: goes on in the next turn
      return;
    }
    source_.await_ready(Operation::direction, *this);
    source_.loop().timers().arm(*this, deadline_);
  }
  Result<typename Operation::Value> await_resume() { return std::move(*result_); }

  void run() override {
    if (!result_ && !attempt()) {
      source_.await_ready(Operation::direction, *this);
      if (!armed()) source_.loop().timers().arm(*this, deadline_);
      return;
    }
    source_.forget(Operation::direction);
    disarm();
    handle_.resume();
  }
  void expired() override {
    result_ = fail(ErrorKind::timed_out);
    source_.forget(Operation::direction);
    source_.loop().make_ready(*this);
  }

 private:
  bool attempt() {
    if (source_.cancelled() || source_.take_interrupt(Operation::direction)) {
      result_ = fail(ErrorKind::cancelled);
      return true;
    }
    if (!source_.ready(Operation::direction)) return false;
    result_ = operation_.attempt(source_);
    return result_.has_value();
  }

  Source& source_;
  Instant deadline_;
  Operation operation_;
  std::coroutine_handle<> handle_;
  std::optional<Result<typename Operation::Value>> result_;
};

// Completes when the source is ready, without doing anything to it.
template <Direction which>
struct BecomeReady {
  static constexpr Direction direction = which;
  using Value = std::monostate;
  std::optional<Result<Value>> attempt(Source&) { return Result<Value>(std::monostate{}); }
};

// For descriptors that are read by other means than a stream (netlink, packet sockets, signalfd,
// pidfd, inotify): wait, then read until the call would block, then clear_ready() and wait again.
inline Wait<BecomeReady<Direction::read>> readable(Source& source, Instant deadline = never) {
  return {source, deadline, {}};
}
inline Wait<BecomeReady<Direction::write>> writable(Source& source, Instant deadline = never) {
  return {source, deadline, {}};
}

}  // namespace baton::runtime
