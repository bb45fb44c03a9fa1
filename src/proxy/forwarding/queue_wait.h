// A request's wait in its group's line (`queue`): until it is called, for a moment at most (another
// process's connections end unseen), or until its client goes away.
#pragma once

#include <coroutine>

#include "proxy/exchange.h"
#include "runtime/source.h"
#include "upstream/waiting_line.h"

namespace baton::proxy {

// `co_await QueueWait(exchange, line, until, again)`; `again` for one who was called in vain.
class QueueWait final : public runtime::Waiter, public runtime::TimerEntry {
 public:
  enum class End : std::uint8_t { look, full, client_gone };

  QueueWait(Exchange& exchange, upstream::WaitingLine& line, Instant until, bool again)
      : source_(exchange.client->stream.source()),
        line_(line),
        until_(until),
        watches_(exchange.watches_client),
        ticket_(line.join(source_.loop(), *this, again)) {}
  QueueWait(const QueueWait&) = delete;
  QueueWait& operator=(const QueueWait&) = delete;

  bool await_ready() const { return !ticket_ || gone(); }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    if (watches_) source_.await_ready(runtime::Direction::read, *this);
    source_.loop().timers().arm(*this, until_);
  }
  End await_resume() {
    if (!ticket_) return End::full;
    line_.leave(ticket_, gone());
    return gone() ? End::client_gone : End::look;
  }

  void expired() override {
    expired_ = true;
    source_.loop().make_ready(*this);
  }
  void run() override {
    // Bytes of a further request do not disturb it.
    if (!expired_ && !gone() && !upstream::WaitingLine::was_called(ticket_)) return;
    if (watches_) source_.forget(runtime::Direction::read);
    ListNode<runtime::ReadyTag>::unlink();
    disarm();
    handle_.resume();
  }

 private:
  [[nodiscard]] bool gone() const { return source_.cancelled() || (watches_ && source_.hung_up()); }

  runtime::Source& source_;
  upstream::WaitingLine& line_;
  Instant until_;
  bool watches_;
  bool expired_ = false;
  upstream::WaitingLine::Ticket ticket_;
  std::coroutine_handle<> handle_;
};

}  // namespace baton::proxy
