// A wait in the middle of a request (limit_req, auth_delay, limit_rate) that ends early when the
// client goes away.
#pragma once

#include <coroutine>

#include "proxy/exchange.h"
#include "runtime/source.h"

namespace baton::proxy {

// `co_await ClientPause(exchange, duration)` gives false when the client has gone or everything is
// being ended. Nobody else may be reading from the client meanwhile, unless the exchange does not
// watch the client anyway.
class ClientPause final : public runtime::Waiter, public runtime::TimerEntry {
 public:
  ClientPause(Exchange& exchange, Duration duration)
      : source_(exchange.client->stream.source()),
        watches_(exchange.watches_client),
        deadline_(exchange.now() + duration) {}
  ClientPause(const ClientPause&) = delete;
  ClientPause& operator=(const ClientPause&) = delete;

  bool await_ready() const { return ended(); }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    if (watches_) source_.await_ready(runtime::Direction::read, *this);
    source_.loop().timers().arm(*this, deadline_);
  }
  bool await_resume() const { return !ended(); }

  void expired() override {
    expired_ = true;
    source_.loop().make_ready(*this);
  }
  void run() override {
    // Bytes of a further request do not disturb it.
    if (!expired_ && !ended()) return;
    if (watches_) source_.forget(runtime::Direction::read);
    ListNode<runtime::ReadyTag>::unlink();
    disarm();
    handle_.resume();
  }

 private:
  [[nodiscard]] bool ended() const {
    return source_.cancelled() || (watches_ && source_.hung_up());
  }

  runtime::Source& source_;
  bool watches_;
  Instant deadline_;
  bool expired_ = false;
  std::coroutine_handle<> handle_;
};

// The verdict for a client that went away before it was answered.
Verdict client_went_away(Exchange& exchange);

}  // namespace baton::proxy
