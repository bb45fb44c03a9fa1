// What is a crowd, and when it is over.

#include "failover/crowd_gauge.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

constexpr Instant begin{1000s};

CrowdGauge gauge_after(std::size_t packets, Duration each, int times) {
  CrowdGauge gauge;
  gauge.note(1, begin);
  for (int i = 1; i <= times; ++i) gauge.note(packets, begin + i * each);
  return gauge;
}

TEST(CrowdGauge, AFewInstancesAreNoCrowd) {
  EXPECT_FALSE(gauge_after(1, 10ms, 100).crowded());
  EXPECT_FALSE(gauge_after(4, 10ms, 100).crowded());
}

TEST(CrowdGauge, HundredsOfInstancesAre) {
  EXPECT_TRUE(gauge_after(25, 10ms, 20).crowded());
  EXPECT_TRUE(gauge_after(1, 1ms, 200).crowded());
}

TEST(CrowdGauge, OneBurstAfterALongSilenceIsNone) {
  CrowdGauge gauge = gauge_after(1, 1s, 3);
  gauge.note(200, begin + 10s);
  EXPECT_FALSE(gauge.crowded());
}

TEST(CrowdGauge, TheEndOfACrowdIsSeenWithinAWindow) {
  CrowdGauge gauge = gauge_after(25, 10ms, 20);
  gauge.note(0, begin + 250ms);
  gauge.note(0, begin + 300ms);
  gauge.note(0, begin + 400ms);
  EXPECT_FALSE(gauge.crowded());
}

}  // namespace
}  // namespace baton::failover
