// Fast detection on a segment in virtual time: what a watched master's end does to the election.

#include <gtest/gtest.h>

#include "vrrp/virtual_segment.h"

namespace baton::vrrp {
namespace {

net::IpAddress host(std::uint8_t last) {
  return net::IpAddress::ipv4(10, 9, 0, last);
}

Settings settings(std::uint8_t priority) {
  Settings made;
  made.name = "VI_1";
  made.virtual_router_id = 51;
  made.priority = priority;
  made.addresses = {net::IpAddress::ipv4(10, 9, 0, 100)};
  return made;
}

// Node 0 is master; the others watch it.
class InstanceWatch : public ::testing::Test {
 protected:
  void start(std::vector<std::uint8_t> priorities) {
    for (const std::uint8_t priority : priorities) {
      segment.add(settings(priority), host(static_cast<std::uint8_t>(segment.size() + 1)));
      segment.start(segment.size() - 1);
    }
    segment.run_for(10s);
    ASSERT_EQ(state(0), State::master);
    for (std::size_t i = 1; i < segment.size(); ++i) watch(i, 20ms);
  }
  void watch(std::size_t node, Duration stagger) {
    segment.tell(node, event::MasterWatched{host(1), stagger});
  }
  void lose(std::size_t node) { segment.tell(node, event::MasterLost{host(1), 150ms}); }
  State state(std::size_t node) { return segment.node(node).instance.state(); }
  Duration time_until_master(std::size_t node) {
    const Instant begin = segment.now();
    while (state(node) != State::master && segment.now() - begin < 10s) segment.run_for(1ms);
    return segment.now() - begin;
  }
  VirtualSegment segment{1};
};

TEST_F(InstanceWatch, ALostMasterIsReplacedWithinTheStagger) {
  start({100, 90});
  segment.crash(0);
  segment.run_for(300ms);
  lose(1);
  EXPECT_LE(time_until_master(1), 15ms);
  EXPECT_TRUE(segment.node(1).instance.reason().starts_with("BFD lost master 10.9.0.1"));
}

TEST_F(InstanceWatch, OfThreeBackupsTheOneWithTheHighestPriorityTakesOverAndNoOther) {
  start({100, 80, 90, 70});
  segment.crash(0);
  segment.run_for(300ms);
  for (const std::size_t node : {1u, 2u, 3u}) lose(node);
  segment.run_for(1s);
  EXPECT_EQ(state(2), State::master);
  for (const std::size_t node : {1u, 3u}) {
    EXPECT_EQ(state(node), State::backup);
    EXPECT_EQ(segment.node(node).instance.counters().became_master, 0u);
  }
}

TEST_F(InstanceWatch, AnAdvertThatCameLastIsASignOfLifeToo) {
  start({100, 90});
  // The session lost its packets, the adverts go on: one was heard a moment ago.
  while (segment.node(0).sent.back().first + 1ms < segment.now()) segment.run_for(1ms);
  lose(1);
  segment.run_for(140ms);
  EXPECT_EQ(state(1), State::backup);
}

TEST_F(InstanceWatch, AnAdvertInTheMeantimeMakesItForgetTheLoss) {
  start({100, 90});
  watch(1, 400ms);
  segment.run_for(segment.node(0).sent.back().first + 995ms - segment.now());
  lose(1);
  segment.run_for(5s);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_EQ(segment.node(1).instance.counters().became_master, 0u);
}

TEST_F(InstanceWatch, PriorityZeroOfAWatchedMasterIsFollowedAtOnce) {
  start({100, 90});
  segment.tell(0, event::Stop{});
  EXPECT_LE(time_until_master(1), 15ms);
}

TEST_F(InstanceWatch, WithoutAWatchTheSkewIsKeepaliveds) {
  start({100, 90});
  watch(1, 0s);
  lose(1);
  segment.tell(0, event::Stop{});
  EXPECT_NEAR(to_seconds(time_until_master(1)), 0.648, 0.003);
}

TEST_F(InstanceWatch, TheLossOfAnotherNodeMeansNothing) {
  start({100, 90});
  segment.run_for(300ms);
  segment.tell(1, event::MasterLost{host(9), 150ms});
  segment.run_for(500ms);
  EXPECT_EQ(state(1), State::backup);
}

TEST_F(InstanceWatch, AMasterConcludesNothing) {
  start({100, 90});
  segment.tell(0, event::MasterLost{host(2), 150ms});
  segment.run_for(2s);
  EXPECT_EQ(state(0), State::master);
}

TEST_F(InstanceWatch, AMasterThatWasNotDeadIsNotTakenForDeadAgainSoon) {
  start({100, 90});
  segment.run_for(300ms);
  lose(1);
  EXPECT_LE(time_until_master(1), 15ms);
  segment.run_for(1500ms);
  ASSERT_EQ(state(0), State::master);
  ASSERT_EQ(state(1), State::backup);
  const auto takeovers = [this] { return segment.node(1).instance.counters().became_master; };
  for (int i = 0; i < 8; ++i) {
    watch(1, 20ms);
    lose(1);
    segment.run_for(1s);
  }
  EXPECT_EQ(takeovers(), 1u);
  segment.run_for(5s);
  watch(1, 20ms);
  segment.run_for(300ms);
  lose(1);
  segment.run_for(1s);
  EXPECT_EQ(takeovers(), 2u) << "after ten seconds it is believed again";
}

TEST_F(InstanceWatch, TheSuccessorOfADeadNodeAnnouncesItselfUntilTheDeadKernelIsSilent) {
  start({100, 90});
  segment.crash(0);
  segment.run_for(300ms);
  lose(1);
  time_until_master(1);
  segment.run_for(5s);
  EXPECT_GE(segment.node(1).announced.size(), 8u);
  segment.run_for(1s);
  const auto then = segment.node(1).announced.size();
  segment.run_for(10s);
  EXPECT_LE(segment.node(1).announced.size(), then + 1);
}

}  // namespace
}  // namespace baton::vrrp
