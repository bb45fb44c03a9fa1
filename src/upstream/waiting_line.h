// Requests that wait until a server of their group can take them (`queue`): first come, first
// served, over all threads. Whenever a connection of the group ends, or a server is back, the first
// one is called; it picks on its own thread, and takes its old place again when somebody was
// quicker. Costs an atomic read as long as nobody waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

#include "runtime/loop.h"

namespace baton::upstream {

class WaitingLine {
 public:
  // One request's place, shared with the calls that are on their way to it.
  struct Place {
    runtime::Loop* loop = nullptr;
    runtime::Waiter* waiter = nullptr;  // null: has left. Own thread only.
    std::atomic<bool> called{false};    // changed under the line's lock
  };
  using Ticket = std::shared_ptr<Place>;

  explicit WaitingLine(std::uint32_t most) : most_(most) {}
  WaitingLine(const WaitingLine&) = delete;
  WaitingLine& operator=(const WaitingLine&) = delete;

  [[nodiscard]] bool empty() const { return length_.load(std::memory_order_acquire) == 0; }
  // A place at the end, or at the front for one who was called and came too late. Null: full.
  // `waiter` is made ready on its loop when it is called.
  Ticket join(runtime::Loop& loop, runtime::Waiter& waiter, bool at_front);
  // Gives the place up, called or not; a call that was not answered goes to the next one when
  // `pass_on`. From the thread that joined.
  void leave(const Ticket& ticket, bool pass_on);
  // Calls the first one. From any thread.
  void call_next();
  [[nodiscard]] static bool was_called(const Ticket& ticket) { return ticket->called; }

 private:
  const std::uint32_t most_;
  std::atomic<std::uint32_t> length_{0};
  std::mutex lock_;
  std::list<Ticket> places_;
};

}  // namespace baton::upstream
