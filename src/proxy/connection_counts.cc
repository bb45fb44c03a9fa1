// Summing up.

#include "proxy/connection_counts.h"

#include "proxy/thread_counters.h"

namespace baton::proxy {

ConnectionCounts ConnectionCounter::counts() const {
  ConnectionCounts sum;
  for (const ThreadCounters* thread : threads_) {
    const std::uint64_t accepted = thread->accepted.load(std::memory_order_relaxed);
    sum.accepted += accepted;
    sum.handled += accepted - thread->dropped.load(std::memory_order_relaxed);
    sum.requests += thread->requests.load(std::memory_order_relaxed);
    sum.active += thread->connections.load(std::memory_order_relaxed);
    sum.reading += thread->reading_heads.load(std::memory_order_relaxed);
    sum.waiting += thread->idle_connections.load(std::memory_order_relaxed);
  }
  return sum;
}

}  // namespace baton::proxy
