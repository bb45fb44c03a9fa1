// A client's connection from accept to close: requests one after another, idling between them
// without a buffer and without a coroutine, closed politely.
#pragma once

#include <functional>
#include <memory>

#include "proxy/client/client.h"
#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// The connections of one thread: who is open, who idles. A connection that idles is its Client
// object and nothing else; bytes that arrive spawn a task that serves requests until there are no
// more of them, and then the client idles again.
class Conversations final : public ClientHome {
 public:
  // `scope` runs the tasks and is not over before all connections are. `hand_over` takes the
  // descriptor of an idle client when the thread hands its idle connections over.
  Conversations(Services& services, ExchangePool& exchanges, runtime::TaskScope& scope,
                std::function<void(runtime::Fd)> hand_over)
      : services_(services),
        exchanges_(exchanges),
        scope_(scope),
        hand_over_(std::move(hand_over)) {}
  Conversations(const Conversations&) = delete;
  Conversations& operator=(const Conversations&) = delete;

  // Serves `fd` from now to its end. `address` is the client's, `local` what it connected to.
  void begin(runtime::Fd fd, std::uint32_t listener, net::Endpoint address, net::Endpoint local);

  [[nodiscard]] std::uint32_t open_count() const { return open_count_; }
  // Closes the clients that idle longest, `wanted` at most. False: nobody idles.
  bool make_room(std::uint32_t wanted);
  // Once Services::ending says how: closes or hands over those that idle. Those that have not sent
  // anything yet stay when connections are closed, for their first request may be on its way.
  void end_idle();
  // Closes those that idle at an address that leaves (Services::leaving).
  void end_leaving();

  void wake(Client& client) override;

 private:
  runtime::Task<void> greet(Client& client);
  runtime::Task<void> serve(Client& client);
  void idle(Client& client, Duration patience);
  void end(Client& client, bool hands_over);

  Services& services_;
  ExchangePool& exchanges_;
  runtime::TaskScope& scope_;
  std::function<void(runtime::Fd)> hand_over_;
  IntrusiveList<Client, OpenClientTag> open_;
  IntrusiveList<Client, IdleClientTag> idle_;  // the longest idle first
  std::uint32_t open_count_ = 0;
};

}  // namespace baton::proxy
