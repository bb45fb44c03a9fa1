// Joining, leaving and being called.

#include "upstream/waiting_line.h"

namespace baton::upstream {

WaitingLine::Ticket WaitingLine::join(runtime::Loop& loop, runtime::Waiter& waiter, bool at_front) {
  const std::lock_guard lock(lock_);
  if (places_.size() >= most_) return nullptr;
  const auto ticket = std::make_shared<Place>();
  ticket->loop = &loop;
  ticket->waiter = &waiter;
  places_.insert(at_front ? places_.begin() : places_.end(), ticket);
  length_.store(static_cast<std::uint32_t>(places_.size()), std::memory_order_release);
  return ticket;
}

void WaitingLine::leave(const Ticket& ticket, bool pass_on) {
  ticket->waiter = nullptr;
  bool called = false;
  {
    const std::lock_guard lock(lock_);
    called = ticket->called;
    if (!called) std::erase(places_, ticket);
    length_.store(static_cast<std::uint32_t>(places_.size()), std::memory_order_release);
  }
  if (called && pass_on) call_next();
}

void WaitingLine::call_next() {
  Ticket ticket;
  {
    const std::lock_guard lock(lock_);
    if (places_.empty()) return;
    ticket = std::move(places_.front());
    places_.pop_front();
    ticket->called = true;
    length_.store(static_cast<std::uint32_t>(places_.size()), std::memory_order_release);
  }
  runtime::Loop& loop = *ticket->loop;
  loop.post([ticket] {
    if (ticket->waiter) ticket->loop->make_ready(*ticket->waiter);
  });
}

}  // namespace baton::upstream
