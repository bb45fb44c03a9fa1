// The cycle of smooth weighted round robin, held against the rule itself.

#include "upstream/round_robin.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/random.h"

namespace baton::upstream {
namespace {

using Cycle = std::vector<std::uint32_t>;

Cycle cycle(std::vector<std::uint32_t> weights) {
  return smooth_cycle(weights);
}

// The rule word for word, for one total of steps.
Cycle by_the_rule(const std::vector<std::uint32_t>& weights) {
  const std::int64_t total = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  std::vector<std::int64_t> current(weights.size());
  Cycle picks;
  for (std::int64_t step = 0; step < total; ++step) {
    std::size_t best = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) current[i] += weights[i];
    for (std::size_t i = 1; i < weights.size(); ++i) {
      if (current[i] > current[best]) best = i;
    }
    current[best] -= total;
    picks.push_back(static_cast<std::uint32_t>(best));
  }
  return picks;
}

TEST(RoundRobin, TwoServersAlternate) {
  EXPECT_EQ(cycle({1, 1}), (Cycle{0, 1}));
}

TEST(RoundRobin, SpreadsAHeavyServerOverTheCycle) {
  EXPECT_EQ(cycle({5, 1, 1}), (Cycle{0, 0, 1, 0, 2, 0, 0}));
}

TEST(RoundRobin, WeightsWithACommonDivisorMakeAShortCycle) {
  EXPECT_EQ(cycle({100, 100}), (Cycle{0, 1}));
  EXPECT_EQ(cycle({20, 10}), (Cycle{0, 1, 0}));
}

TEST(RoundRobin, EqualsTheRuleForRandomWeights) {
  Random random(20);
  for (int round = 0; round < 300; ++round) {
    std::vector<std::uint32_t> weights(1 + random.below(9));
    for (auto& weight : weights) weight = static_cast<std::uint32_t>(1 + random.below(7));
    const Cycle expected = by_the_rule(weights);
    const Cycle actual = cycle(weights);
    ASSERT_EQ(expected.size() % actual.size(), 0u);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(actual[i % actual.size()], expected[i]) << "round " << round << " step " << i;
    }
  }
}

TEST(RoundRobin, LeavesOutWeightZero) {
  EXPECT_EQ(cycle({0, 2, 0, 2}), (Cycle{1, 3}));
  EXPECT_TRUE(cycle({0, 0}).empty());
  EXPECT_TRUE(cycle({}).empty());
}

TEST(RoundRobin, AHundredThousandServersOfThreeWeightsAreQuick) {
  std::vector<std::uint32_t> weights(100000);
  for (std::size_t i = 0; i < weights.size(); ++i)
    weights[i] = static_cast<std::uint32_t>(1 + i % 3);
  const Cycle actual = cycle(weights);
  EXPECT_EQ(actual.size(), std::accumulate(weights.begin(), weights.end(), std::size_t{0}));
  EXPECT_EQ(std::ranges::count(actual, 2u), 3);
}

TEST(RoundRobin, ATooLongCycleIsScaledDownAndKeepsEveryServer) {
  const std::vector<std::uint32_t> weights = {1000003, 500009, 7};
  const Cycle actual = smooth_cycle(weights, 1000);
  EXPECT_LE(actual.size(), 1000u);
  EXPECT_GE(std::ranges::count(actual, 2u), 1);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(actual, 0u)) /
                  static_cast<double>(std::ranges::count(actual, 1u)),
              2.0, 0.05);
}

}  // namespace
}  // namespace baton::upstream
