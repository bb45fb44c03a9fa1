// Rise, fall, weights and their reversal.

#include "vrrp/tracker.h"

#include <gtest/gtest.h>

namespace baton::vrrp {
namespace {

TEST(ScriptHealth, OneResultIsEnoughAtStart) {
  ScriptHealth good(2, 3, false);
  EXPECT_EQ(good.health(), Health::unknown);
  EXPECT_TRUE(good.report(true));
  EXPECT_EQ(good.health(), Health::up);
  ScriptHealth bad(2, 3, false);
  EXPECT_TRUE(bad.report(false));
  EXPECT_EQ(bad.health(), Health::down);
}

TEST(ScriptHealth, FallsAfterSoManyFailuresInARow) {
  ScriptHealth health(2, 3, false);
  health.report(true);
  EXPECT_FALSE(health.report(false));
  EXPECT_FALSE(health.report(false));
  EXPECT_FALSE(health.report(true));  // starts the count again
  EXPECT_FALSE(health.report(false));
  EXPECT_FALSE(health.report(false));
  EXPECT_EQ(health.health(), Health::up);
  EXPECT_TRUE(health.report(false));
  EXPECT_EQ(health.health(), Health::down);
}

TEST(ScriptHealth, RisesAfterSoManySuccessesInARow) {
  ScriptHealth health(2, 3, false);
  health.report(false);
  EXPECT_FALSE(health.report(true));
  EXPECT_FALSE(health.report(false));
  EXPECT_FALSE(health.report(true));
  EXPECT_TRUE(health.report(true));
  EXPECT_EQ(health.health(), Health::up);
}

TEST(ScriptHealth, InitFailIsDownUntilTheFirstSuccess) {
  ScriptHealth health(3, 1, true);
  EXPECT_EQ(health.health(), Health::down);
  EXPECT_TRUE(health.report(true));
  EXPECT_EQ(health.health(), Health::up);
}

Tracker tracker(int weight, bool reverse, Health health) {
  return Tracker{TrackerSettings{"script chk", weight, reverse}, health, {}};
}

TEST(Tracker, PositiveWeightIsAddedWhileUp) {
  EXPECT_EQ(tracker(20, false, Health::up).contribution(), 20);
  EXPECT_EQ(tracker(20, false, Health::down).contribution(), 0);
  EXPECT_EQ(tracker(20, false, Health::unknown).contribution(), 0);
  EXPECT_EQ(tracker(20, true, Health::up).contribution(), -20);
}

TEST(Tracker, NegativeWeightIsTakenOffWhileDown) {
  EXPECT_EQ(tracker(-30, false, Health::down).contribution(), -30);
  EXPECT_EQ(tracker(-30, false, Health::up).contribution(), 0);
  EXPECT_EQ(tracker(-30, true, Health::down).contribution(), 30);
}

TEST(Tracker, WithoutWeightAFailureIsAFault) {
  EXPECT_TRUE(tracker(0, false, Health::down).is_fault());
  EXPECT_FALSE(tracker(0, false, Health::up).is_fault());
  EXPECT_FALSE(tracker(0, false, Health::unknown).is_fault());
  EXPECT_TRUE(tracker(0, false, Health::unknown).is_undecided());
  EXPECT_TRUE(tracker(0, true, Health::up).is_fault());
  EXPECT_FALSE(tracker(-5, false, Health::down).is_fault());
}

TEST(Tracker, TellsWhatIsWrong) {
  Tracker script = tracker(0, false, Health::down);
  script.detail = "exited with status 1";
  EXPECT_EQ(script.fault_text(), "script chk failed (exited with status 1)");
  Tracker interface{TrackerSettings{"interface ens33", 0, false}, Health::down, {}};
  EXPECT_EQ(interface.fault_text(), "interface ens33 down");
}

Tracker scaled(int weight, bool reverse, int value) {
  return Tracker{TrackerSettings{"file tf", weight, reverse, true}, Health::up, {}, value};
}

TEST(Tracker, AScaledValueIsMultipliedByTheWeight) {
  EXPECT_EQ(scaled(2, false, 5).contribution(), 10);
  EXPECT_EQ(scaled(2, false, -1).contribution(), -2);
  EXPECT_EQ(scaled(-3, true, 5).contribution(), 15);
  EXPECT_EQ(scaled(254, false, 5).contribution(), 253) << "no tracker adds more";
  EXPECT_EQ(scaled(0, false, 5).contribution(), 0);
}

TEST(Tracker, AScaledValueIsAFaultBelowTheLeastThatCanBeAdded) {
  EXPECT_FALSE(scaled(1, false, -253).is_fault());
  EXPECT_TRUE(scaled(1, false, -254).is_fault());
  EXPECT_TRUE(scaled(-254, false, 1).is_fault());
  EXPECT_FALSE(scaled(INT32_MAX, false, INT32_MAX).is_fault());
  EXPECT_TRUE(scaled(INT32_MAX, true, INT32_MAX).is_fault());
}

TEST(Tracker, AScaledValueWithoutWeightIsAFaultUnlessItIsZero) {
  EXPECT_FALSE(scaled(0, false, 0).is_fault());
  EXPECT_TRUE(scaled(0, false, -1).is_fault());
  EXPECT_TRUE(scaled(0, true, 0).is_fault());
  EXPECT_FALSE(scaled(0, true, 3).is_fault());
  EXPECT_EQ(scaled(0, false, 4).fault_text(), "file tf has the value 4");
}

}  // namespace
}  // namespace baton::vrrp
