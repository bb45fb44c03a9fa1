// Summing up.

#include "proxy/client/connection_counts.h"

#include <atomic>

#include "base/assert.h"
#include "ipc/shared_region.h"
#include "proxy/thread_counters.h"

namespace baton::proxy {

namespace {

constexpr const char* piece_name = "connection counts";

}  // namespace

struct alignas(64) ConnectionCounter::Lane {
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::uint64_t> active{0};
  std::atomic<std::uint64_t> reading{0};
  std::atomic<std::uint64_t> waiting{0};

  void add_to(ConnectionCounts& sum) const {
    sum.accepted += accepted.load(std::memory_order_relaxed);
    sum.handled += handled.load(std::memory_order_relaxed);
    sum.requests += requests.load(std::memory_order_relaxed);
    sum.active += active.load(std::memory_order_relaxed);
    sum.reading += reading.load(std::memory_order_relaxed);
    sum.waiting += waiting.load(std::memory_order_relaxed);
  }
  void store(const ConnectionCounts& counts) {
    accepted.store(counts.accepted, std::memory_order_relaxed);
    handled.store(counts.handled, std::memory_order_relaxed);
    requests.store(counts.requests, std::memory_order_relaxed);
    active.store(counts.active, std::memory_order_relaxed);
    reading.store(counts.reading, std::memory_order_relaxed);
    waiting.store(counts.waiting, std::memory_order_relaxed);
  }
};

Status name_connection_counts(ipc::SharedRegion& region, std::uint64_t generation) {
  const std::size_t bytes = (ipc::lanes_max + 1) * sizeof(ConnectionCounter::Lane);
  const auto piece = region.pieces().find_or_add(piece_name, bytes, generation);
  if (!piece) return std::unexpected(piece.error());
  // The lane's last user ended long ago: what it counted goes on counting.
  auto* const lanes = reinterpret_cast<ConnectionCounter::Lane*>(piece->memory.data());
  ConnectionCounter::Lane& lane = lanes[generation % ipc::lanes_max];
  ConnectionCounts past;
  lanes[ipc::lanes_max].add_to(past);
  lane.add_to(past);
  past.active = past.reading = past.waiting = 0;
  lanes[ipc::lanes_max].store(past);
  lane.store({});
  return {};
}

void clear_connection_lane(ipc::SharedRegion& region, std::uint32_t lane) {
  const auto memory = region.pieces().find(piece_name);
  if (memory.empty()) return;
  auto& cleared = reinterpret_cast<ConnectionCounter::Lane*>(memory.data())[lane];
  ConnectionCounts counts;
  cleared.add_to(counts);
  counts.active = counts.reading = counts.waiting = 0;
  cleared.store(counts);
}

ConnectionCounter::ConnectionCounter(ipc::SharedRegion& region, std::uint64_t generation)
    : lanes_(reinterpret_cast<Lane*>(region.pieces().find(piece_name).data())),
      lane_(static_cast<std::uint32_t>(generation % ipc::lanes_max)) {
  BATON_ASSERT(lanes_ != nullptr);
}

ConnectionCounts ConnectionCounter::own() const {
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

ConnectionCounts ConnectionCounter::counts() const {
  ConnectionCounts sum = own();
  for (std::uint32_t lane = 0; lane <= ipc::lanes_max; ++lane) {
    if (lane != lane_) lanes_[lane].add_to(sum);
  }
  return sum;
}

void ConnectionCounter::publish() {
  lanes_[lane_].store(own());
}

}  // namespace baton::proxy
