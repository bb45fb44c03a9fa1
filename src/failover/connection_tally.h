// What became of established connections in a move, counted for each instance of it.
//
//   kept    live on where they began, behind the new owner, until their end
//   moved   were on the new owner already, kept there since an earlier move: the address has come
//   to
//           them
//   lost    were cut: without a pair link, at handover_timeout, or by the end of the node they were
//   on
//
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "failover/flight_recorder.h"
#include "net/address.h"

namespace baton::failover {

using ConnectionCounts = std::map<std::string, std::uint64_t>;  // by instance

class ConnectionTally {
 public:
  struct Entry {
    std::string instance;
    std::vector<net::IpAddress> addresses;
    MovedConnections counts;
    std::uint64_t flight = 0;  // of the recorder; 0: not yet known
  };

  void add(std::string instance, std::vector<net::IpAddress> addresses, MovedConnections start);

  // One connection more; of an address of nobody: nothing.
  void count(const net::IpAddress& local, std::int64_t MovedConnections::* fate);
  void set(const ConnectionCounts& counts, std::int64_t MovedConnections::* fate);
  // For all instances.
  void reset(std::int64_t MovedConnections::* fate, std::int64_t value);
  // Those that were kept are lost.
  void lose_kept();

  [[nodiscard]] ConnectionCounts counts(std::int64_t MovedConnections::* fate) const;
  [[nodiscard]] std::int64_t sum(std::int64_t MovedConnections::* fate) const;
  [[nodiscard]] std::vector<Entry>& entries() { return entries_; }

 private:
  std::vector<Entry> entries_;
};

}  // namespace baton::failover
