// A condition that coroutines wait for: `open()` lets everyone through who waits at that moment.
// What the condition was is the waiter's to look at again, as with a condition variable.
#pragma once

#include <coroutine>

#include "base/intrusive_list.h"
#include "runtime/loop.h"

namespace baton::runtime {

struct GateTag;

class Gate {
 public:
  explicit Gate(Loop& loop) : loop_(loop) {}

  class Wait final : public Waiter, public TimerEntry, public ListNode<GateTag> {
   public:
    Wait(Gate& gate, Instant deadline) : gate_(gate), deadline_(deadline) {}
    bool await_ready() const { return gate_.loop_.cancelled() || deadline_ <= gate_.loop_.now(); }
    void await_suspend(std::coroutine_handle<> handle) {
      handle_ = handle;
      gate_.waiting_.push_back(*this);
      gate_.loop_.timers().arm(*this, deadline_);
    }
    // False when the deadline came first.
    bool await_resume() const { return opened_; }
    void expired() override {
      ListNode<GateTag>::unlink();
      gate_.loop_.make_ready(*this);
    }
    void run() override { handle_.resume(); }

   private:
    friend class Gate;
    Gate& gate_;
    Instant deadline_;
    std::coroutine_handle<> handle_;
    bool opened_ = false;
  };

  [[nodiscard]] Wait wait(Instant deadline = never) { return {*this, deadline}; }
  void open() {
    while (Wait* wait = waiting_.pop_front()) {
      wait->opened_ = true;
      wait->disarm();
      loop_.make_ready(*wait);
    }
  }

 private:
  friend class Wait;
  Loop& loop_;
  IntrusiveList<Wait, GateTag> waiting_;
};

}  // namespace baton::runtime
