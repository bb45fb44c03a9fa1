#include "failover/link_debounce.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

constexpr Instant start = Instant{} + 100s;

LinkDebounce with_delays(Duration down, Duration up) {
  LinkDebounce debounce;
  debounce.configure({{"eth0", down, up}});
  return debounce;
}

TEST(LinkDebounce, AnInterfaceWithoutDelaysIsBelievedAtOnce) {
  auto debounce = with_delays(1s, 1s);
  EXPECT_TRUE(debounce.look("eth1", true, start));
  EXPECT_FALSE(debounce.look("eth1", false, start));
  EXPECT_EQ(debounce.next_change(), never);
}

TEST(LinkDebounce, TheFirstLookIsBelievedAndLaterOnesAfterTheirDelay) {
  auto debounce = with_delays(500ms, 2s);
  EXPECT_TRUE(debounce.look("eth0", true, start));
  EXPECT_TRUE(debounce.look("eth0", false, start + 1s));
  EXPECT_EQ(debounce.next_change(), start + 1500ms);
  EXPECT_FALSE(debounce.look("eth0", false, start + 1500ms));
  EXPECT_FALSE(debounce.look("eth0", true, start + 2s));
  EXPECT_FALSE(debounce.look("eth0", true, start + 3999ms));
  EXPECT_TRUE(debounce.look("eth0", true, start + 4s));
}

TEST(LinkDebounce, ABounceThatIsOverInTimeIsNotSeen) {
  auto debounce = with_delays(500ms, 500ms);
  debounce.look("eth0", true, start);
  EXPECT_TRUE(debounce.look("eth0", false, start + 100ms));
  EXPECT_TRUE(debounce.look("eth0", true, start + 200ms));
  EXPECT_EQ(debounce.next_change(), never);
  EXPECT_TRUE(debounce.look("eth0", false, start + 700ms)) << "the delay begins anew";
}

}  // namespace
}  // namespace baton::failover
