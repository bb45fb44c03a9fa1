// Counting requests and connections in virtual time.

#include "proxy/access/limit_zones.h"

#include <gtest/gtest.h>

#include "config/model/limits.h"
#include "ipc/shared_region.h"

namespace baton::proxy {

namespace {

using Kind = config::LimitZone::Kind;
using Entry = LimitZones::Entry;

constexpr Instant begin{5000s};

class LimitZonesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    region_ = ipc::SharedRegion::create({.groups_max = 4, .peers_max = 8}).value();
    add(Kind::requests, "per_second", 1000);
    add(Kind::requests, "per_minute", 16);
    add(Kind::connections, "open", 0);
    reload();
  }
  void add(Kind kind, const char* name, std::uint64_t rate_milli) {
    config::LimitZone zone;
    zone.kind = kind;
    zone.name = name;
    zone.size_bytes = 65536;
    zone.rate_milli = rate_milli;
    config_.limit_zones.push_back(std::make_shared<const config::LimitZone>(zone));
  }
  // The next generation's.
  void reload() {
    ASSERT_TRUE(name_limit_zones(*region_, config_, ++generation_));
    zones_ = std::make_unique<LimitZones>(config_, *region_, generation_);
  }
  // One request for "client"; whether it passes.
  bool ask(std::uint32_t zone, Instant now, std::uint64_t burst, const char* key = "client") {
    return !zones_->look(zone, zones_->hash(zone, key), now, burst * 1000, true).exceeded;
  }
  Entry enter(const char* key, std::uint32_t most) {
    return zones_->enter(2, zones_->hash(2, key), most);
  }
  void leave(const char* key) { zones_->leave(2, zones_->hash(2, key)); }

  std::unique_ptr<ipc::SharedRegion> region_;
  config::Proxy config_;
  std::uint64_t generation_ = 0;
  std::unique_ptr<LimitZones> zones_;
};

TEST_F(LimitZonesTest, OneRequestASecondMeansJustThat) {
  EXPECT_TRUE(ask(0, begin, 0));
  EXPECT_FALSE(ask(0, begin + 999ms, 0));
  EXPECT_TRUE(ask(0, begin + 1000ms, 0));
  EXPECT_FALSE(ask(0, begin + 1500ms, 0));
  EXPECT_TRUE(ask(0, begin + 2000ms, 0));
}

TEST_F(LimitZonesTest, ABurstFillsTheBucketAndTimeEmptiesIt) {
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(ask(0, begin, 3));
  EXPECT_FALSE(ask(0, begin, 3));
  EXPECT_TRUE(ask(0, begin + 1s, 3));
  EXPECT_FALSE(ask(0, begin + 1s, 3));
  EXPECT_TRUE(ask(0, begin + 24h, 3));
}

TEST_F(LimitZonesTest, WhatIsRefusedDoesNotFillTheBucket) {
  EXPECT_TRUE(ask(0, begin, 0));
  for (int i = 1; i < 100; ++i) EXPECT_FALSE(ask(0, begin + i * 1ms, 0));
  EXPECT_TRUE(ask(0, begin + 1s, 0));
}

TEST_F(LimitZonesTest, TheExcessIsToldInThousandths) {
  const KeyHash key = zones_->hash(0, "client");
  EXPECT_EQ(zones_->look(0, key, begin, 5000, true).excess_milli, 0u);
  EXPECT_EQ(zones_->look(0, key, begin + 250ms, 5000, true).excess_milli, 750u);
  EXPECT_EQ(zones_->look(0, key, begin + 250ms, 5000, true).excess_milli, 1750u);
}

TEST_F(LimitZonesTest, LookingAloneCountsNothing) {
  const KeyHash key = zones_->hash(0, "client");
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(zones_->look(0, key, begin, 1000, false).exceeded);
  EXPECT_EQ(zones_->add(0, key, begin), 0u);
  EXPECT_EQ(zones_->add(0, key, begin), 1000u);
}

TEST_F(LimitZonesTest, KeysAndZonesAreApart) {
  EXPECT_TRUE(ask(0, begin, 0, "a"));
  EXPECT_TRUE(ask(0, begin, 0, "b"));
  EXPECT_TRUE(ask(1, begin, 0, "a"));
  EXPECT_FALSE(ask(0, begin, 0, "a"));
}

TEST_F(LimitZonesTest, BucketsOutliveAGeneration) {
  EXPECT_TRUE(ask(1, begin, 0));
  reload();
  EXPECT_FALSE(ask(1, begin + 1s, 0));
}

TEST_F(LimitZonesTest, CountsConnections) {
  EXPECT_EQ(enter("a", 2), Entry::entered);
  EXPECT_EQ(enter("a", 2), Entry::entered);
  EXPECT_EQ(enter("a", 2), Entry::exceeded);
  EXPECT_EQ(enter("b", 2), Entry::entered);
  leave("a");
  EXPECT_EQ(enter("a", 2), Entry::entered);
}

TEST_F(LimitZonesTest, ConnectionsOfAnOlderGenerationCountUntilTheyEnd) {
  EXPECT_EQ(enter("a", 1), Entry::entered);
  const std::unique_ptr<LimitZones> older = std::move(zones_);
  reload();
  EXPECT_EQ(enter("a", 1), Entry::exceeded);
  older->leave(2, older->hash(2, "a"));
  EXPECT_EQ(enter("a", 1), Entry::entered);
}

TEST_F(LimitZonesTest, ConnectionsOfADeadProcessAreForgotten) {
  EXPECT_EQ(enter("a", 1), Entry::entered);
  clear_limit_lane(*region_, static_cast<std::uint32_t>(generation_ % ipc::lanes_max));
  reload();
  EXPECT_EQ(enter("a", 1), Entry::entered);
}

TEST_F(LimitZonesTest, AFullZoneOfConnectionsTakesNoMoreKeys) {
  std::size_t entered = 0;
  while (enter(std::to_string(entered).c_str(), 1) == Entry::entered) ++entered;
  EXPECT_GT(entered, 500u);
  EXPECT_EQ(enter("one more", 1), Entry::no_room);
  leave("0");
  EXPECT_EQ(enter("one more", 1), Entry::entered);
}

}  // namespace

}  // namespace baton::proxy
