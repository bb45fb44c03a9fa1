// Passing on purpose, on a segment in virtual time.

#include <gtest/gtest.h>

#include <algorithm>

#include "vrrp/virtual_segment.h"

namespace baton::vrrp {
namespace {

Settings settings(std::uint8_t priority) {
  Settings made;
  made.name = "VI_1";
  made.virtual_router_id = 51;
  made.priority = priority;
  made.addresses = {net::IpAddress::ipv4(10, 9, 0, 100)};
  return made;
}

// 0 has the higher priority and is master.
class PassTest : public testing::Test {
 protected:
  PassTest() {
    segment.add(settings(100), net::IpAddress::ipv4(10, 9, 0, 1));
    segment.add(settings(80), net::IpAddress::ipv4(10, 9, 0, 2));
    segment.start(0);
    segment.start(1);
    segment.run_for(10s);
  }
  State state(std::size_t node) { return segment.node(node).instance.state(); }
  bool holds(std::size_t node) { return segment.node(node).holds; }
  VirtualSegment segment{1};
};

TEST_F(PassTest, TheSuccessorTakesOverAndIsNotPreempted) {
  segment.tell(0, event::Pass{});
  segment.run_for(1s);
  EXPECT_EQ(state(0), State::backup);
  EXPECT_EQ(state(1), State::master);
  EXPECT_TRUE(segment.node(0).instance.has_passed());
  segment.run_for(60s);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(PassTest, AddressesAreSomewhereAtEveryMoment) {
  segment.tell(0, event::Pass{});
  for (int ms = 0; ms < 3000; ++ms) {
    segment.run_for(1ms);
    ASSERT_TRUE(holds(0) || holds(1)) << ms;
  }
}

// Each has become master while the other was cut off; the neighbours have learned of 1 last.
TEST_F(PassTest, AnOldMasterThatNeverHeardOfAnotherOneAnnouncesItselfWhenThatOneHasPassed) {
  segment.set_link(0, 1, false);
  segment.run_for(10s);
  ASSERT_EQ(state(1), State::master);
  segment.tell(1, event::Pass{});
  segment.run_for(100ms);
  const auto before = segment.node(0).frames_announced;
  segment.set_link(0, 1, true);
  segment.run_for(3s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_GT(segment.node(0).frames_announced, before);
}

TEST_F(PassTest, ASuccessorIsToldOfThePassOnce) {
  segment.run_for(1s);
  segment.node(0).sent.clear();
  segment.tell(0, event::Stop{});
  segment.run_for(3s);
  EXPECT_EQ(std::ranges::count(segment.node(0).sent, 0, [](const auto& one) { return one.second; }),
            1);
}

// It has died and come back; the word to take over was for it.
TEST_F(PassTest, ASuccessorThatWasToldIsTheOnlyOneThatIs) {
  segment.crash(0);
  segment.run_for(10s);
  ASSERT_EQ(state(1), State::master);
  segment.restart(0, settings(70));
  segment.run_for(10s);
  segment.node(1).sent.clear();
  segment.tell(1, event::Pass{true});
  segment.tell(0, event::TakeOver{"lb2"});
  segment.run_for(1s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(std::ranges::count(segment.node(1).sent, 0, [](const auto& one) { return one.second; }),
            0);
}

// Of version 3, whose successors wait for a share of the interval.
TEST(PassWithLongIntervals, AddressesAreSomewhereAtEveryMoment) {
  VirtualSegment segment{1};
  for (const std::uint8_t last : {1, 2}) {
    Settings wanted;
    wanted.name = "VI_1";
    wanted.virtual_router_id = 51;
    wanted.version = 3;
    wanted.advert_interval = 40s;
    wanted.priority = last == 1 ? 100 : 2;
    wanted.addresses = {net::IpAddress::ipv4(10, 9, 0, 100)};
    segment.add(wanted, net::IpAddress::ipv4(10, 9, 0, last));
  }
  segment.start(0);
  segment.start(1);
  segment.run_for(400s);
  ASSERT_TRUE(segment.node(0).instance.state() == State::master);
  segment.tell(0, event::Stop{});
  for (int s = 0; s < 60; ++s) {
    segment.run_for(1s);
    ASSERT_TRUE(segment.node(0).holds || segment.node(1).holds) << s;
  }
  EXPECT_EQ(segment.node(1).instance.state(), State::master);
}

TEST_F(PassTest, ASuccessorThatWasToldTakesOverWithoutWaiting) {
  segment.tell(0, event::Pass{true});
  segment.tell(1, event::TakeOver{"left"});
  segment.run_for(100ms);
  EXPECT_EQ(state(0), State::backup);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(segment.node(0).instance.counters().priority_zero_sent, 0u);
}

TEST_F(PassTest, ASuccessorThatWasToldInVainHearsPriorityZero) {
  segment.tell(0, event::Pass{true});
  segment.run_for(3s);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(state(0), State::backup);
}

TEST_F(PassTest, WithoutASuccessorTheMasterStays) {
  segment.crash(1);
  segment.tell(0, event::Pass{});
  segment.run_for(4s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_TRUE(holds(0));
  EXPECT_FALSE(segment.node(0).instance.is_yielding());
}

// A rival that came and went while it yielded is still believed by some neighbour.
TEST_F(PassTest, AMasterThatStaysAnnouncesItselfTwice) {
  segment.crash(1);
  const std::size_t before = segment.node(0).announced.size();
  segment.tell(0, event::Pass{});
  segment.run_for(10s);
  const auto& bursts = segment.node(0).announced;
  ASSERT_EQ(bursts.size(), before + 2);
  EXPECT_EQ(bursts[before + 1] - bursts[before], settings(100).announce.delay);
}

TEST_F(PassTest, TheOneThatPassedTakesOverWhenTheSuccessorFails) {
  segment.tell(0, event::Pass{});
  segment.run_for(5s);
  segment.crash(1);
  segment.run_for(5s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_FALSE(segment.node(0).instance.has_passed());
}

TEST_F(PassTest, ItCanBePassedBack) {
  segment.tell(0, event::Pass{});
  segment.run_for(5s);
  segment.tell(1, event::Pass{});
  segment.run_for(2s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
}

TEST_F(PassTest, AFaultWhileItPassesIsAFault) {
  segment.tell(0, event::Pass{});
  segment.tell(0, event::SourceChanged{std::nullopt});
  EXPECT_EQ(state(0), State::fault);
  segment.run_for(4s);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(PassTest, AStopWhileItPassesIsAStop) {
  segment.tell(0, event::Pass{});
  segment.tell(0, event::Stop{});
  segment.run_for(3s);
  EXPECT_EQ(state(0), State::stopped);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(PassTest, AReturningNodeAsksFirstAndPreemptsWhenNobodyPasses) {
  segment.tell(0, event::Pass{});
  segment.run_for(2s);
  segment.crash(0);
  segment.restart(0, settings(100));
  segment.tell(0, event::MasterReachable{true});
  segment.run_for(4s);
  EXPECT_EQ(state(1), State::master) << "it has asked, and waits";
  segment.run_for(2s);
  EXPECT_EQ(state(0), State::master);
}

// A node of priority 100 that may ask, and hears masters.
class Asking : public testing::Test {
 protected:
  Asking() {
    node.handle(event::SourceChanged{net::IpAddress::ipv4(10, 9, 0, 1)}, now);
    node.handle(event::Start{}, now);
    node.handle(event::MasterReachable{true}, now);
  }
  // How often it asks while a master of that priority is there; its address says the priority.
  int asks_of(std::uint8_t priority, Duration length, bool is_answered = false) {
    const auto source = net::IpAddress::ipv4(10, 9, 0, priority);
    const auto group = multicast_group(net::Family::ipv4);
    const auto bytes = build_ipv4_packet(build_message(node.make_advert(priority), source, group),
                                         source, group, 1);
    const ParsedAdvert advert = parse_ipv4_packet(bytes);
    int asks = 0;
    const Instant until = now + length;
    for (int tenth = 0; now < until; ++tenth, now += 100ms) {
      if (tenth % 10 == 0) node.handle(event::AdvertReceived{&advert}, now);
      if (node.deadline() > now) continue;
      for (const Action& single : node.handle(event::TimerDue{}, now)) {
        if (!std::holds_alternative<action::AskPass>(single)) continue;
        ++asks;
        if (is_answered) node.handle(event::MasterAnswered{}, now);
      }
    }
    return asks;
  }
  Instance node{settings(100)};
  Instant now{};
};

// Another one that is better than both takes over meanwhile, and gives up later.
TEST_F(Asking, IsForgottenWhenABetterMasterComes) {
  EXPECT_EQ(asks_of(50, 4s), 1);
  EXPECT_EQ(asks_of(120, 5s), 0);
  EXPECT_EQ(asks_of(50, 4s), 1);
  EXPECT_EQ(node.state(), State::backup);
}

// The first master has passed to another node that had asked, too.
TEST_F(Asking, GoesOnWithTheNextMaster) {
  EXPECT_EQ(asks_of(50, 4s), 1);
  EXPECT_EQ(asks_of(60, 2s), 1);
  EXPECT_EQ(node.state(), State::backup);
  EXPECT_EQ(asks_of(60, 2s), 0);
  EXPECT_EQ(node.state(), State::master);
}

TEST_F(Asking, GoesOnWithAMasterThatAnswers) {
  EXPECT_EQ(asks_of(50, 8s, true), 3);
  EXPECT_EQ(node.state(), State::backup);
}

TEST_F(Asking, EndsWhenNothingComesOfIt) {
  EXPECT_EQ(asks_of(50, 30s, true), 6);
  EXPECT_EQ(node.state(), State::master);
}

// Of two masters each is another one than the one before, for ever.
TEST_F(Asking, EndsAlsoWithTwoMasters) {
  for (int i = 0; i < 30; ++i) asks_of(i % 2 == 0 ? 50 : 60, 500ms);
  EXPECT_EQ(node.state(), State::master);
}

TEST_F(PassTest, ASuccessorThatIsLostLeavesTheMasterWhatItIs) {
  segment.tell(0, event::Pass{true});
  segment.tell(0, event::SuccessorLost{});
  EXPECT_FALSE(segment.node(0).instance.is_yielding());
  segment.run_for(5s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_EQ(segment.node(0).instance.counters().priority_zero_sent, 0u);
}

TEST_F(PassTest, AtAStopALostSuccessorMakesRoomForAnyOther) {
  segment.tell(0, event::Stop{true, true});
  segment.tell(0, event::SuccessorLost{});
  EXPECT_EQ(segment.node(0).instance.counters().priority_zero_sent, 1u);
  segment.run_for(2s);
  EXPECT_EQ(state(0), State::stopped);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(PassTest, WhoeverPassesToOneThatWasToldDoesNotGiveUpForOthers) {
  segment.tell(0, event::Pass{true});
  EXPECT_TRUE(segment.node(0).instance.make_report({}).is_master());
  segment.run_for(told_patience + 1ms);
  EXPECT_FALSE(segment.node(0).instance.make_report({}).is_master());
}

// The last advert of the giver comes after the word on the pair link.
TEST_F(PassTest, AnAdvertFromBeforeThePassDoesNotTakeItBack) {
  const auto giver = net::IpAddress::ipv4(10, 9, 0, 1);
  const auto packet = build_ipv4_packet(build_message(segment.node(0).instance.make_advert(100),
                                                      giver, multicast_group(net::Family::ipv4)),
                                        giver, multicast_group(net::Family::ipv4), 1);
  const ParsedAdvert late = parse_ipv4_packet(packet);
  segment.tell(0, event::Pass{true});
  segment.tell(1, event::TakeOver{"left"});
  segment.run_for(1ms);
  ASSERT_EQ(state(1), State::master);
  segment.tell(1, event::AdvertReceived{&late});
  segment.run_for(100ms);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(state(0), State::backup);
}

// It cannot pass any more.
TEST_F(PassTest, AMasterThatFastDetectionHasLostIsNotAsked) {
  segment.tell(0, event::Pass{});
  segment.run_for(10s);
  ASSERT_EQ(state(1), State::master);
  segment.tell(0, event::MasterReachable{true});
  segment.tell(0, event::MasterWatched{net::IpAddress::ipv4(10, 9, 0, 2), 80ms});
  segment.crash(1);
  segment.run_for(150ms);
  segment.tell(0, event::MasterLost{net::IpAddress::ipv4(10, 9, 0, 2), 150ms});
  segment.run_for(200ms);
  EXPECT_EQ(state(0), State::master);
}

}  // namespace
}  // namespace baton::vrrp
