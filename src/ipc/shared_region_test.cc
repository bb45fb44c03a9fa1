// The shared region: names keep their slots, processes share them, room is bounded and reused.

#include "ipc/shared_region.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace baton::ipc {
namespace {

std::unique_ptr<SharedRegion> small_region() {
  auto region = SharedRegion::create({.groups_max = 4, .peers_max = 3});
  EXPECT_TRUE(region.has_value());
  return std::move(*region);
}

TEST(SharedRegion, ANameKeepsItsSlotOverGenerations) {
  auto region = small_region();
  PeerSlot* first = region->peers().find_or_add("web/10.0.0.1:80", 1).value();
  first->requests = 7;
  EXPECT_EQ(region->peers().find_or_add("web/10.0.0.1:80", 2).value(), first);
  EXPECT_EQ(region->peers().find("web/10.0.0.1:80")->requests, 7u);
  EXPECT_EQ(region->peers().find("web/10.0.0.2:80"), nullptr);
}

TEST(SharedRegion, AForkedProcessWritesWhatTheParentReads) {
  auto region = small_region();
  GroupSlot* slot = region->groups().find_or_add("web", 1).value();
  const pid_t child = ::fork();
  if (child == 0) {
    region->groups().find("web")->positions[0].fetch_add(5);
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(slot->positions[0], 5u);
}

TEST(SharedRegion, RefusesMoreNamesThanThereIsRoomFor) {
  auto region = small_region();
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(region->peers().find_or_add(name, 1));
  const auto refused = region->peers().find_or_add("d", 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
}

TEST(SharedRegion, SlotsOfForgottenNamesAreReusedAndStartAtZero) {
  auto region = small_region();
  for (const char* name : {"a", "b", "c"}) {
    region->peers().find_or_add(name, 1).value()->requests = 9;
  }
  ASSERT_TRUE(region->peers().find_or_add("a", 2));
  region->release_older_than(2);
  EXPECT_EQ(region->peers().size(), 1u);
  EXPECT_EQ(region->peers().find("a")->requests, 9u);
  EXPECT_EQ(region->peers().find_or_add("d", 2).value()->requests, 0u);
}

TEST(SharedRegion, ConnectionsOfADeadProcessAreTakenOffWithItsLane) {
  auto region = small_region();
  PeerSlot* slot = region->peers().find_or_add("a", 1).value();
  slot->active[1] = 4;
  slot->active[2] = 1;
  region->clear_lane(1);
  EXPECT_EQ(slot->active_total(), 1);
}

}  // namespace
}  // namespace baton::ipc
