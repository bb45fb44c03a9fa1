// The table of measured and computed times that keepalived pairs run with.

#include "vrrp/timers.h"

#include <gtest/gtest.h>

#include <cmath>

namespace baton::vrrp {
namespace {

struct Row {
  std::uint8_t version;
  std::uint8_t priority;
  Duration interval;
  double skew_s;
  double master_down_s;
};

TEST(Timers, EqualKeepalivedsForEveryPriorityAndInterval) {
  const Row rows[] = {
      {2, 80, 1s, 0.6875, 3.6875},        {2, 100, 1s, 0.609375, 3.609375},
      {2, 150, 1s, 0.414062, 3.414062},   {2, 1, 1s, 0.996093, 3.996093},
      {2, 254, 1s, 0.0078125, 3.0078125}, {2, 100, 2s, 0.609375, 6.609375},
      {3, 100, 1s, 0.609375, 3.609375},   {3, 80, 10ms, 0.006875, 0.036875},
      {3, 100, 10ms, 0.006093, 0.036093},
  };
  for (const Row& row : rows) {
    EXPECT_NEAR(to_seconds(skew_time(row.version, row.priority, row.interval)), row.skew_s, 1e-6);
    EXPECT_NEAR(to_seconds(master_down_time(row.version, row.priority, row.interval)),
                row.master_down_s, 1e-6);
  }
}

TEST(Timers, NumberOfMissedAdvertsIsSettable) {
  EXPECT_EQ(master_down_time(2, 254, 1s, 5) - master_down_time(2, 254, 1s, 3), 2s);
}

}  // namespace
}  // namespace baton::vrrp
