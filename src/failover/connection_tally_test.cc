// Counting by instance.

#include "failover/connection_tally.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

const auto first = net::IpAddress::ipv4(10, 0, 0, 100);
const auto second = net::IpAddress::ipv4(10, 0, 0, 101);

ConnectionTally two_instances() {
  ConnectionTally tally;
  tally.add("VI_1", {first}, {.kept = 0, .moved = -1, .lost = 0});
  tally.add("VI_2", {second}, {.kept = 0, .moved = -1, .lost = 0});
  return tally;
}

TEST(ConnectionTallyTest, EveryInstanceHasTheConnectionsOfItsOwnAddresses) {
  auto tally = two_instances();
  tally.count(first, &MovedConnections::kept);
  tally.count(second, &MovedConnections::kept);
  tally.count(second, &MovedConnections::kept);
  tally.count(net::IpAddress::ipv4(10, 0, 0, 7), &MovedConnections::kept);
  EXPECT_EQ(tally.counts(&MovedConnections::kept), (ConnectionCounts{{"VI_1", 1}, {"VI_2", 2}}));
  EXPECT_EQ(tally.sum(&MovedConnections::kept), 3);
}

TEST(ConnectionTallyTest, WhatIsNotKnownIsNotToldAndBecomesKnownByTheFirst) {
  auto tally = two_instances();
  EXPECT_TRUE(tally.counts(&MovedConnections::moved).empty());
  tally.set({{"VI_1", 0}, {"VI_9", 4}}, &MovedConnections::moved);
  tally.count(second, &MovedConnections::moved);
  EXPECT_EQ(tally.counts(&MovedConnections::moved), (ConnectionCounts{{"VI_1", 0}, {"VI_2", 1}}));
}

TEST(ConnectionTallyTest, ADeadGiverLosesWhatWasKeptThere) {
  auto tally = two_instances();
  tally.count(first, &MovedConnections::kept);
  tally.lose_kept();
  EXPECT_EQ(tally.counts(&MovedConnections::kept), (ConnectionCounts{{"VI_1", 0}, {"VI_2", 0}}));
  EXPECT_EQ(tally.counts(&MovedConnections::lost), (ConnectionCounts{{"VI_1", 1}, {"VI_2", 0}}));
}

}  // namespace
}  // namespace baton::failover
