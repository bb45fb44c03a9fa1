// What one thread of the proxy counts, for the status page and stub_status.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "config/model/proxy.h"

namespace baton::proxy {

// Counted by one thread, read by any: relaxed atomics that are only ever stored by their owner.
struct RequestCounters {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> by_class[5]{};  // 1xx ... 5xx
  std::atomic<std::uint64_t> bytes_sent{0};
  std::atomic<std::uint64_t> bytes_received{0};
};

struct ThreadCounters {
  explicit ThreadCounters(const config::Proxy& config)
      : listeners(config.listeners.size()), servers(config.servers.size()) {}
  std::vector<RequestCounters> listeners;  // as config::Proxy::listeners
  std::vector<RequestCounters> servers;    // as config::Proxy::servers
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> dropped{0};   // of these, closed at once for lack of room
  std::atomic<std::uint64_t> requests{0};  // begun
  std::atomic<std::uint64_t> adopted{0};   // idle connections taken over from the generation before
  std::atomic<std::uint64_t> handed_over{0};
  std::atomic<std::uint32_t> connections{0};       // open now
  std::atomic<std::uint32_t> idle_connections{0};  // ... of these, between two requests
  std::atomic<std::uint32_t> reading_heads{0};     // ... waiting for the rest of a request's head
};

// Adds without a locked instruction: there is one writer.
template <typename Number>
void count(std::atomic<Number>& counter, Number amount = 1) {
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

}  // namespace baton::proxy
