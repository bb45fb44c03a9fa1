// What a thread offers to the exchanges that it carries: its loop, its way to the upstream servers,
// its logs, its buffers. Everything here belongs to one thread, except what is immutable.
#pragma once

#include <cstdint>
#include <vector>

#include "config/model/proxy.h"
#include "http/date_cache.h"
#include "proxy/logs/access_log.h"
#include "proxy/logs/error_log.h"
#include "proxy/routing/router.h"
#include "proxy/thread_counters.h"
#include "runtime/buffer_pool.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "upstream/resolver.h"
#include "upstream/thread_upstreams.h"

namespace baton::cache {
class Caches;
}

namespace baton::proxy {

// How the thread is ending, if it is.
enum class Ending : std::uint8_t {
  no,
  close,      // QUIT: idle connections are closed, busy ones after their response
  hand_over,  // reload: idle connections go to the next generation
};

class LeavingAddresses;
class ConnectionCounter;
class ExchangePool;
class LimitZones;
class PasswordChecker;
struct Exchange;

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
  cache::Caches* caches = nullptr;    // the zones of proxy_cache
  ExchangePool* exchanges = nullptr;  // for subrequests
  // The phases of a request and its end (journey.h), for those that a phase makes itself: they may
  // not know the phases that know them.
  runtime::Task<void> (*find_answer)(Exchange&, Verdict) = nullptr;
  void (*log_request)(Exchange&) = nullptr;
  // Of the process, shared by its threads.
  LimitZones* limits = nullptr;
  PasswordChecker* passwords = nullptr;
  const ConnectionCounter* connections = nullptr;
  const LeavingAddresses* leaving = nullptr;
};

}  // namespace baton::proxy
