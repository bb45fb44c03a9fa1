// Pauses between restarts, in virtual time.

#include "supervisor/restart_policy.h"

#include <gtest/gtest.h>

#include <vector>

namespace baton::supervisor {
namespace {

TEST(RestartPolicyTest, first_restarts_are_immediate_and_later_ones_double_up_to_a_minute) {
  RestartPolicy policy;
  Instant now{};
  std::vector<Duration> pauses;
  for (int i = 0; i < 11; ++i) {
    policy.started(now);
    now += 100ms;
    pauses.push_back(policy.died(now));
    now += pauses.back();
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{0s, 0s, 0s, 1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}));
  EXPECT_EQ(policy.crashes(), 11u);
}

TEST(RestartPolicyTest, a_life_of_a_minute_forgives) {
  RestartPolicy policy;
  for (unsigned i = 0; i < RestartPolicy::at_once_max; ++i) {
    policy.started(Instant{});
    EXPECT_EQ(policy.died(Instant{} + 1s), 0s);
  }
  policy.started(Instant{} + 1s);
  EXPECT_EQ(policy.died(Instant{} + 2s), 1s);
  policy.started(Instant{} + 3s);
  EXPECT_EQ(policy.died(Instant{} + 63s), 0s);
}

}  // namespace
}  // namespace baton::supervisor
