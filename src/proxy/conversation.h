// A client's connection from accept to close: requests one after another, idling between them
// without a buffer, closed politely.
#pragma once

#include <memory>

#include "proxy/client.h"
#include "proxy/exchange.h"
#include "runtime/task.h"

namespace baton::proxy {

// Connections of one thread: who is open, who idles. Bounded by worker_connections: when a new one
// comes and there is no room, the one that idles longest makes it.
struct Clients {
  IntrusiveList<Client, OpenClientTag> open;
  IntrusiveList<Client, IdleClientTag> idle;  // the longest idle first
  std::uint32_t open_count = 0;
};

// How a conversation ended.
enum class Farewell : std::uint8_t {
  closed,
  hand_over,  // idle, and the thread hands its idle connections over: the descriptor is the
              // caller's
};

// Serves `client` until it ends. `fresh`: it was just accepted, its first request is awaited.
runtime::Task<Farewell> converse(Client& client, Clients& clients, ExchangePool& exchanges,
                                 Services& services);

}  // namespace baton::proxy
