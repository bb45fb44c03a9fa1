// Two hosts with two links each: on every link an instance of a host, tied by a group.

#include "vrrp/sync_group.h"

#include <gtest/gtest.h>

#include "vrrp/virtual_segment.h"

namespace baton::vrrp {
namespace {

using action::Notice;

Settings member(std::uint8_t link, std::uint8_t priority) {
  Settings made;
  made.name = link == 1 ? "VI_1" : "VI_2";
  made.virtual_router_id = static_cast<std::uint8_t>(50 + link);
  made.priority = priority;
  made.addresses = {net::IpAddress::ipv4(10, 9, link, 100)};
  made.trackers = {{"interface e", 0, false}};
  made.sync_group = "G";
  return made;
}

// Nodes 0 and 1 are host A on links 1 and 2; 2 and 3 are host B.
class GroupedPair : public ::testing::Test {
 protected:
  static constexpr std::size_t a1 = 0, a2 = 1, b1 = 2, b2 = 3;

  void start(std::uint8_t priority_a1 = 100, std::uint8_t priority_a2 = 100) {
    segment.add(member(1, priority_a1), net::IpAddress::ipv4(10, 9, 1, 1));
    segment.add(member(2, priority_a2), net::IpAddress::ipv4(10, 9, 2, 1));
    segment.add(member(1, 80), net::IpAddress::ipv4(10, 9, 1, 2));
    segment.add(member(2, 80), net::IpAddress::ipv4(10, 9, 2, 2));
    for (const auto [one, other] : {std::pair{a1, a2}, {a1, b2}, {b1, a2}, {b1, b2}}) {
      segment.set_link(one, other, false);
    }
    segment.tie("G", {a1, a2});
    segment.tie("G", {b1, b2});
    segment.observe = [this] { judge(); };
    for (std::size_t node = 0; node < segment.size(); ++node) {
      segment.start(node);
      report(node, Health::up);
    }
  }
  void start_elected() {
    start();
    segment.run_for(10s);
    ASSERT_TRUE(host_is(a1, State::master));
    ASSERT_TRUE(host_is(b1, State::backup));
  }
  // A host is never master on one link only, but while it hands over.
  void judge() {
    for (const std::size_t host : {a1, b1}) {
      const Instance& one = segment.node(host).instance;
      const Instance& two = segment.node(host + 1).instance;
      const bool leaves = one.is_yielding() || two.is_yielding() || one.state() == State::stopped ||
                          two.state() == State::stopped;
      halves += !leaves && (one.state() == State::master) != (two.state() == State::master);
    }
  }
  void report(std::size_t node, Health health) {
    segment.tell(node, event::TrackerReported{0, health, ""});
  }
  State state(std::size_t node) { return segment.node(node).instance.state(); }
  bool host_is(std::size_t first, State wanted) {
    return state(first) == wanted && state(first + 1) == wanted;
  }
  bool logged(std::size_t node, std::string_view text) {
    const auto& lines = segment.node(node).lines;
    return std::ranges::any_of(
        lines, [text](const auto& line) { return line.find(text) != std::string::npos; });
  }

  VirtualSegment segment{1};
  int halves = 0;
};

TEST_F(GroupedPair, TakesOverOnBothLinksAtOnce) {
  start_elected();
  EXPECT_EQ(segment.node(a1).instance.since(), segment.node(a2).instance.since());
  EXPECT_TRUE(logged(a1, "VRRP_Group(G) Syncing instances to MASTER state"));
  EXPECT_EQ(halves, 0);
}

TEST_F(GroupedPair, WaitsForTheSlowerMember) {
  start(200, 20);
  segment.run_for(3900ms);
  EXPECT_TRUE(segment.node(a1).instance.wants_master());
  EXPECT_EQ(state(a1), State::backup);
  segment.run_for(60ms);  // master-down time of priority 20: 3.92 s
  EXPECT_FALSE(host_is(b1, State::backup) && host_is(a1, State::backup));
  EXPECT_EQ(halves, 0);
}

TEST_F(GroupedPair, LinkFailureOfOneMemberMovesBoth) {
  start_elected();
  segment.set_link(a1, b1, false);
  report(a1, Health::down);
  EXPECT_TRUE(host_is(a1, State::fault));
  EXPECT_FALSE(segment.node(a2).holds);
  EXPECT_EQ(segment.node(a2).sent.back().second, 0);
  EXPECT_EQ(segment.node(a2).instance.faults(),
            std::vector<std::string>{"sync group G: VI_1 is in fault"});
  EXPECT_TRUE(logged(a2, "VRRP_Group(G) Syncing instances to FAULT state"));
  segment.run_for(4s);
  EXPECT_TRUE(host_is(b1, State::master));
  EXPECT_TRUE(segment.node(b1).holds && segment.node(b2).holds);
  EXPECT_EQ(halves, 0);
}

TEST_F(GroupedPair, ComesBackOnBothLinksAfterTheFault) {
  start_elected();
  report(a1, Health::down);
  segment.run_for(10s);
  report(a1, Health::up);
  EXPECT_TRUE(host_is(a1, State::backup));
  EXPECT_TRUE(logged(a2, "VRRP_Group(G) Syncing instances to BACKUP state"));
  segment.run_for(10s);
  EXPECT_TRUE(host_is(a1, State::master));
  EXPECT_TRUE(host_is(b1, State::backup));
  EXPECT_FALSE(segment.node(b1).holds || segment.node(b2).holds);
  EXPECT_EQ(halves, 0);
}

TEST_F(GroupedPair, NobodyIsMasterWhileEachHostHasAFaultSomewhere) {
  start_elected();
  report(a1, Health::down);
  report(b2, Health::down);
  segment.run_for(60s);
  EXPECT_EQ(segment.count(State::fault), 4u);
  report(b2, Health::up);
  segment.run_for(10s);
  EXPECT_TRUE(host_is(b1, State::master));
  EXPECT_TRUE(host_is(a1, State::fault));
}

TEST_F(GroupedPair, TwoFaultsEndWithTheLastOfThem) {
  start_elected();
  report(a1, Health::down);
  report(a2, Health::down);
  report(a1, Health::up);
  EXPECT_TRUE(host_is(a1, State::fault));
  report(a2, Health::up);
  EXPECT_TRUE(host_is(a1, State::backup));
}

TEST_F(GroupedPair, SilenceOnOneLinkAloneChangesNothing) {
  start_elected();
  segment.set_link(a2, b2, false);
  segment.run_for(30s);
  EXPECT_TRUE(host_is(a1, State::master));
  EXPECT_TRUE(host_is(b1, State::backup));
  EXPECT_TRUE(segment.node(b2).instance.wants_master());
  segment.set_link(a2, b2, true);
  segment.run_for(2s);
  EXPECT_FALSE(segment.node(b2).instance.wants_master());
}

TEST_F(GroupedPair, HigherPriorityOnOneLinkTakesTheOtherAlong) {
  start_elected();
  Instance stranger(member(1, 200));
  const auto from = net::IpAddress::ipv4(10, 9, 1, 3);
  const auto group = multicast_group(net::Family::ipv4);
  segment.inject(
      a1, build_ipv4_packet(build_message(stranger.make_advert(200), from, group), from, group, 1));
  EXPECT_TRUE(host_is(a1, State::backup));
  EXPECT_EQ(segment.node(a2).sent.back().second, 0);
  EXPECT_EQ(segment.node(a2).instance.reason(), "sync group G");
}

TEST_F(GroupedPair, PlannedStopLeavesBothAddressesServed) {
  start_elected();
  int gaps = 0;
  segment.observe = [&] {
    for (const std::size_t link : {0u, 1u}) {
      gaps += !segment.node(a1 + link).holds && !segment.node(b1 + link).holds;
    }
  };
  segment.tell(a1, event::Stop{true});
  segment.tell(a2, event::Stop{true});
  segment.run_for(3s);
  EXPECT_TRUE(host_is(a1, State::stopped));
  EXPECT_TRUE(host_is(b1, State::master));
  EXPECT_EQ(gaps, 0);
  const Duration apart = segment.node(a1).instance.since() - segment.node(a2).instance.since();
  EXPECT_LT(std::chrono::abs(apart), 5ms);
}

TEST_F(GroupedPair, GroupTellsEachStateOnceAndSoDoesEachMember) {
  start_elected();
  report(a1, Health::down);
  segment.run_for(5s);
  report(a1, Health::up);
  segment.run_for(5s);
  segment.tell(a1, event::Stop{true});
  segment.tell(a2, event::Stop{true});
  segment.run_for(3s);
  const std::vector<Notice> told{Notice::backup, Notice::master, Notice::fault,
                                 Notice::backup, Notice::master, Notice::stop};
  EXPECT_EQ(segment.group_notices(0), told);
  EXPECT_EQ(segment.node(a1).notices, told);
  EXPECT_EQ(segment.node(a2).notices, told);
}

TEST_F(GroupedPair, MemberThatLeavesTheGroupDecidesForItself) {
  start_elected();
  segment.set_link(a2, b2, false);
  segment.run_for(10s);
  ASSERT_TRUE(segment.node(b2).instance.wants_master());
  Settings alone = member(2, 80);
  alone.sync_group.clear();
  Instance instance = segment.node(b2).instance;
  instance.handle(event::Reconfigured{alone}, segment.now());
  instance.handle(event::TimerDue{}, instance.deadline());
  EXPECT_EQ(instance.state(), State::master);
}

TEST_F(GroupedPair, GroupThatSleptListensBeforeItWants) {
  start_elected();
  segment.set_link(a2, b2, false);
  segment.run_for(10s);
  ASSERT_TRUE(segment.node(b2).instance.wants_master());
  segment.tell(b2, event::Slept{5s});
  EXPECT_FALSE(segment.node(b2).instance.wants_master());
}

TEST(SyncGroup, OwnersTakeOverWithoutWaiting) {
  VirtualSegment segment{1};
  for (const std::uint8_t link : {1, 2}) {
    Settings owner = member(link, owner_priority);
    owner.wants_master = true;
    segment.add(owner, net::IpAddress::ipv4(10, 9, link, 1));
  }
  segment.set_link(0, 1, false);
  segment.tie("G", {0, 1});
  for (const std::size_t node : {0u, 1u}) {
    segment.start(node);
    segment.tell(node, event::TrackerReported{0, Health::up, ""});
  }
  segment.run_for(10ms);
  EXPECT_EQ(segment.count(State::master), 2u);
}

TEST(SyncGroup, GroupOfOneActsAsIfAlone) {
  VirtualSegment segment{1};
  segment.add(member(1, 100), net::IpAddress::ipv4(10, 9, 1, 1));
  segment.tie("G", {0});
  segment.start(0);
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  segment.run_for(4s);
  EXPECT_EQ(segment.count(State::master), 1u);
}

}  // namespace
}  // namespace baton::vrrp
