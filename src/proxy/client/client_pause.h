// A wait in the middle of a request (limit_req, auth_delay, limit_rate) that ends early when the
// client goes away.
#pragma once

#include <coroutine>

#include "proxy/exchange.h"
#include "runtime/source.h"
#include "runtime/task.h"

namespace baton::proxy {

// Waits; false when the client has gone or everything is being ended. Nobody else may be reading
// from the client meanwhile, unless the exchange does not watch the client anyway.
runtime::Task<bool> pause(Exchange& exchange, Duration duration);

// The verdict for a client that went away before it was answered.
Verdict client_went_away(Exchange& exchange);

// What pause() awaits where the client is watched.
class ClientPause final : public runtime::Waiter, public runtime::TimerEntry {
 public:
  ClientPause(Exchange& exchange, Duration duration)
      : source_(exchange.client->stream.source()), deadline_(exchange.now() + duration) {}
  ClientPause(const ClientPause&) = delete;
  ClientPause& operator=(const ClientPause&) = delete;

  bool await_ready() const { return ended(); }
  void await_suspend(std::coroutine_handle<> handle) {
    handle_ = handle;
    source_.await_ready(runtime::Direction::read, *this);
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
    source_.forget(runtime::Direction::read);
    ListNode<runtime::ReadyTag>::unlink();
    disarm();
    handle_.resume();
  }

 private:
  [[nodiscard]] bool ended() const { return source_.cancelled() || source_.hung_up(); }

  runtime::Source& source_;
  Instant deadline_;
  bool expired_ = false;
  std::coroutine_handle<> handle_;
};

}  // namespace baton::proxy
