// The order of nginx's round robin, undisturbed and disturbed.

#include "upstream/smooth_turns.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"
#include "upstream/round_robin.h"

namespace baton::upstream {
namespace {

std::string next(SmoothTurns& turns, int count) {
  std::string order;
  for (int i = 0; i < count; ++i) order += std::to_string(turns.step());
  return order;
}

TEST(SmoothTurns, WeightsAreSpreadSmoothly) {
  SmoothTurns turns(std::vector<std::uint32_t>{5, 1, 1});
  EXPECT_EQ(next(turns, 7), "0010200");
}

TEST(SmoothTurns, StepsFollowTheCycleOfRoundRobin) {
  Random random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::uint32_t> weights(1 + random.below(8));
    for (auto& weight : weights) weight = static_cast<std::uint32_t>(1 + random.below(6));
    SmoothTurns turns(weights);
    const auto cycle = smooth_cycle(weights);
    ASSERT_EQ(cycle.size(), turns.period());
    for (const std::uint32_t peer : cycle) ASSERT_EQ(turns.step(), peer) << "round " << round;
    ASSERT_EQ(turns, SmoothTurns(weights)) << "a cycle ends where it began";
  }
}

TEST(SmoothTurns, AdvancingGivesTheStateOfStepping) {
  SmoothTurns stepped(std::vector<std::uint32_t>{3, 2, 2, 1});
  SmoothTurns advanced = stepped;
  std::vector<std::uint32_t> picks;
  for (int i = 0; i < 5; ++i) picks.push_back(stepped.step());
  advanced.advance(picks);
  EXPECT_EQ(stepped, advanced);
}

TEST(SmoothTurns, APeerThatStandsAsideKeepsItsCurrentWeight) {
  SmoothTurns turns(std::vector<std::uint32_t>{1, 1, 1});
  EXPECT_EQ(next(turns, 1), "0");
  turns.seat(0, false);
  EXPECT_EQ(next(turns, 4), "1212");
  turns.seat(0, true);
  EXPECT_EQ(next(turns, 3), "120") << "it was picked last before it stood aside";
}

TEST(SmoothTurns, AFailureLowersThePeersWeightForSomeSteps) {
  SmoothTurns turns(std::vector<std::uint32_t>{4, 4});
  turns.lower(0, 1);
  EXPECT_FALSE(turns.settled());
  EXPECT_EQ(next(turns, 1), "1");
  EXPECT_EQ(next(turns, 3), "101");
  EXPECT_TRUE(turns.settled());
}

TEST(SmoothTurns, AnExcludedPeerTakesNoPartInTheStep) {
  SmoothTurns turns(std::vector<std::uint32_t>{1, 1, 1});
  EXPECT_EQ(turns.step(), 0u);
  EXPECT_EQ(turns.step([](std::uint32_t peer) { return peer == 0; }), 1u);
  EXPECT_EQ(next(turns, 3), "212");
}

TEST(SmoothTurns, NobodyIsPickedWhenNobodyIsSeated) {
  SmoothTurns turns(std::vector<std::uint32_t>{1});
  turns.seat(0, false);
  EXPECT_EQ(turns.step(), no_peer);
  EXPECT_TRUE(turns.empty());
}

}  // namespace
}  // namespace baton::upstream
