// What a thread offers to the exchanges that it carries: its loop, its way to the upstream servers,
// its logs, its buffers. Everything here belongs to one thread, except what is immutable.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "config/model/proxy.h"
#include "http/date_cache.h"
#include "proxy/access_log.h"
#include "proxy/error_log.h"
#include "proxy/router.h"
#include "runtime/buffer_pool.h"
#include "runtime/loop.h"
#include "upstream/resolver.h"
#include "upstream/thread_upstreams.h"

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
  std::atomic<std::uint64_t> adopted{0};  // idle connections taken over from the generation before
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

// How the thread is ending, if it is.
enum class Ending : std::uint8_t {
  no,
  close,      // QUIT: idle connections are closed, busy ones after their response
  hand_over,  // reload: idle connections go to the next generation
};

class ConnectionCounter;
class ExchangePool;
class LimitZones;
class PasswordChecker;

struct Services {
  runtime::Loop& loop;
  const config::Proxy& config;
  const Router& router;
  upstream::ThreadUpstreams& upstreams;
  AccessLogWriter& access_log;
  ErrorLog& error_log;
  ThreadCounters& counters;
  http::DateCache date{};
  upstream::Resolvers resolvers{loop};
  // Heads, and bodies that come with them; large heads and bodies in motion.
  runtime::BufferPool small_buffers{8192, 256};
  runtime::BufferPool large_buffers{65536, 64};
  Ending ending = Ending::no;
  ExchangePool* exchanges = nullptr;  // for subrequests
  // Of the process, shared by its threads.
  LimitZones* limits = nullptr;
  PasswordChecker* passwords = nullptr;
  const ConnectionCounter* connections = nullptr;
};

}  // namespace baton::proxy
