// What stub_status and the $connections_* variables tell, summed over the threads of all proxy
// processes, those before a reload included: as under nginx the totals only ever grow.
//
// Each process publishes its counts in a lane of its own of a shared page, several times a second,
// and reads the lanes of the others; its own counts it takes from its threads.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"

namespace baton::ipc {
class SharedRegion;
}

namespace baton::proxy {

struct ThreadCounters;

struct ConnectionCounts {
  std::uint64_t accepted = 0;
  std::uint64_t handled = 0;
  std::uint64_t requests = 0;
  std::uint64_t active = 0;
  std::uint64_t reading = 0;  // a request's head
  std::uint64_t waiting = 0;  // idle
  // All others: working on a request or answering it.
  [[nodiscard]] std::uint64_t writing() const {
    const std::uint64_t others = reading + waiting;
    return active > others ? active - others : 0;
  }
};

// The supervisor calls it for generation `generation` before it forks.
Status name_connection_counts(ipc::SharedRegion& region, std::uint64_t generation);
// Nothing is open any more in a lane whose process has died.
void clear_connection_lane(ipc::SharedRegion& region, std::uint32_t lane);

class ConnectionCounter {
 public:
  // `region` outlives it; its page has been named for `generation`.
  ConnectionCounter(ipc::SharedRegion& region, std::uint64_t generation);

  // Threads are added before any of them runs, and outlive this.
  void add(const ThreadCounters& thread) { threads_.push_back(&thread); }
  [[nodiscard]] ConnectionCounts counts() const;
  // Makes the counts of this process known to others; of one thread.
  void publish();

 private:
  struct Lane;
  [[nodiscard]] ConnectionCounts own() const;
  friend void clear_connection_lane(ipc::SharedRegion& region, std::uint32_t lane);
  friend Status name_connection_counts(ipc::SharedRegion& region, std::uint64_t generation);

  Lane* lanes_;  // one for each lane of the region, and behind them what earlier users left
  std::uint32_t lane_;
  std::vector<const ThreadCounters*> threads_;
};

}  // namespace baton::proxy
