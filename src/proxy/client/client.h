// The client's connection while it is alive, busy or idle. There may be very many idle ones, so
// this holds only what must outlive a request; everything else is taken when bytes arrive and
// given back when the connection idles (exchange.h). Nor has an idle one a coroutine: it waits for
// bytes and for its deadline itself, and tells its home when either comes (conversation.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/intrusive_list.h"
#include "net/address.h"
#include "net/proxy_protocol.h"
#include "runtime/stream.h"

namespace baton::proxy {

struct IdleClientTag;
struct OpenClientTag;

struct Client;

// Who has the connections of a thread.
class ClientHome {
 public:
  // An idle client's bytes, deadline or end are there.
  virtual void wake(Client& client) = 0;

 protected:
  ~ClientHome() = default;
};

struct Client final : ListNode<IdleClientTag>,
                      ListNode<OpenClientTag>,
                      runtime::Waiter,
                      runtime::TimerEntry {
  Client(ClientHome& its_home, runtime::Loop& loop, runtime::Fd fd, std::uint32_t listener_index)
      : home(its_home), stream(loop, std::move(fd)), listener(listener_index) {}

  void run() override { home.wake(*this); }
  void expired() override { stream.source().loop().make_ready(*this); }

  ClientHome& home;
  runtime::Stream stream;
  net::Endpoint address;
  net::Endpoint local;
  std::uint32_t listener;  // index into config::Proxy::listeners
  std::uint32_t requests = 0;
  std::uint64_t number = 0;
  Instant connected{};
  std::unique_ptr<net::ProxyHeader> proxy_header;  // of a listener that asks for one, once read
};

// Tells when the client goes away while nobody reads from it: ends what the upstream connection
// is waiting for, so that nobody works for a client that is gone. Bytes of a further, pipelined
// request do not disturb it.
class AbortWatch final : public runtime::Waiter {
 public:
  AbortWatch() = default;
  AbortWatch(const AbortWatch&) = delete;
  AbortWatch& operator=(const AbortWatch&) = delete;
  ~AbortWatch() { stop(); }

  // Nobody else may be reading from `client` until stop(). `upstream` may be null as long as there
  // is nothing to wait for.
  void start(runtime::Source& client, runtime::Source* upstream) {
    client_ = &client;
    upstream_ = upstream;
    client.await_ready(runtime::Direction::read, *this);
    if (client.hung_up()) run();
  }
  void stop() {
    if (client_) client_->forget(runtime::Direction::read);
    client_ = nullptr;
    ListNode<runtime::ReadyTag>::unlink();
  }
  // Where what is waited for is noted, for one that comes after the start.
  runtime::Source** upstream() { return &upstream_; }
  [[nodiscard]] bool client_gone() const { return gone_; }

  void run() override {
    if (!client_->hung_up() && !client_->cancelled()) return;
    gone_ = true;
    if (upstream_) upstream_->cancel();
  }

 private:
  runtime::Source* client_ = nullptr;
  runtime::Source* upstream_ = nullptr;
  bool gone_ = false;
};

}  // namespace baton::proxy
