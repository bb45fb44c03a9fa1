// Pacing in virtual time.

#include "proxy/client/pacer.h"

#include <gtest/gtest.h>

namespace baton::proxy {

namespace {

constexpr Instant begin{1000s};

TEST(Pacer, GivesOneSecondInAdvanceAndThenMakesWait) {
  const Pacer pacer(1000, 0, begin);
  EXPECT_EQ(pacer.allowance(0, 5000, begin), 1000u);
  EXPECT_EQ(pacer.allowance(1000, 4000, begin), 0u);
  EXPECT_EQ(pacer.ready_at(1000, 4000), begin + 125ms);
  EXPECT_EQ(pacer.allowance(1000, 4000, begin + 125ms), 125u);
  EXPECT_EQ(pacer.allowance(1000, 4000, begin + 1s), 1000u);
}

TEST(Pacer, SendsTheFirstBytesFreely) {
  const Pacer pacer(10, 1000, begin);
  EXPECT_EQ(pacer.allowance(0, 5000, begin), 1010u);
  EXPECT_EQ(pacer.allowance(1010, 100, begin), 0u);
}

TEST(Pacer, KeepsItsRateOverALongResponse) {
  const Pacer pacer(100000, 0, begin);
  constexpr std::uint64_t size = 1000000;
  std::uint64_t sent = 0;
  Instant now = begin;
  int wakes = 0;
  while (sent < size) {
    const std::uint64_t allowed = pacer.allowance(sent, size - sent, now);
    sent += allowed;
    if (allowed > 0) continue;
    const Instant next = pacer.ready_at(sent, size - sent);
    ASSERT_GT(next, now);
    now = next;
    ++wakes;
  }
  EXPECT_EQ(now - begin, 9s);
  EXPECT_LE(wakes, 9 * 8);
}

TEST(Pacer, AnUnlimitedLookingRateDoesNotOverflow) {
  const Pacer pacer(UINT64_MAX, UINT64_MAX, begin);
  EXPECT_EQ(pacer.allowance(UINT64_MAX - 1, 1000, begin + 24h), 1000u);
}

}  // namespace

}  // namespace baton::proxy
