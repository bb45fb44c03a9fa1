// Adding up.

#include "failover/connection_tally.h"

#include <algorithm>
#include <utility>

namespace baton::failover {

void ConnectionTally::add(std::string instance, std::vector<net::IpAddress> addresses,
                          MovedConnections start) {
  entries_.push_back({std::move(instance), std::move(addresses), start, 0});
}

void ConnectionTally::count(const net::IpAddress& local, std::int64_t MovedConnections::* fate) {
  for (Entry& entry : entries_) {
    if (std::ranges::find(entry.addresses, local) == entry.addresses.end()) continue;
    entry.counts.*fate = std::max<std::int64_t>(entry.counts.*fate, 0) + 1;
    return;
  }
}

void ConnectionTally::set(const ConnectionCounts& counts, std::int64_t MovedConnections::* fate) {
  for (Entry& entry : entries_) {
    const auto found = counts.find(entry.instance);
    if (found != counts.end()) entry.counts.*fate = static_cast<std::int64_t>(found->second);
  }
}

void ConnectionTally::reset(std::int64_t MovedConnections::* fate, std::int64_t value) {
  for (Entry& entry : entries_) entry.counts.*fate = value;
}

void ConnectionTally::lose_kept() {
  for (Entry& entry : entries_) entry.counts.lost = std::exchange(entry.counts.kept, 0);
}

ConnectionCounts ConnectionTally::counts(std::int64_t MovedConnections::* fate) const {
  ConnectionCounts counts;
  for (const Entry& entry : entries_) {
    if (entry.counts.*fate < 0) continue;
    counts[entry.instance] = static_cast<std::uint64_t>(entry.counts.*fate);
  }
  return counts;
}

std::int64_t ConnectionTally::sum(std::int64_t MovedConnections::* fate) const {
  std::int64_t sum = 0;
  for (const Entry& entry : entries_) sum += std::max<std::int64_t>(entry.counts.*fate, 0);
  return sum;
}

}  // namespace baton::failover
