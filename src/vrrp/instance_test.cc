// The machine on a segment in virtual time: elections, stops, faults, preemption, conflicts,
// hostile input. Times are those of keepalived pairs where the behaviour is keepalived's.

#include "vrrp/instance.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "vrrp/timers.h"
#include "vrrp/virtual_segment.h"

namespace baton::vrrp {
namespace {

const auto vip = net::IpAddress::ipv4(10, 9, 0, 100);

net::IpAddress host(std::uint8_t last) {
  return net::IpAddress::ipv4(10, 9, 0, last);
}

Settings settings(std::uint8_t priority) {
  Settings made;
  made.name = "VI_1";
  made.virtual_router_id = 51;
  made.priority = priority;
  made.auth_type = auth_password;
  made.password = make_password("1111");
  made.addresses = {vip};
  return made;
}

Settings with_tracker(std::uint8_t priority, int weight, std::string name = "script chk") {
  Settings made = settings(priority);
  made.trackers = {{std::move(name), weight, false}};
  return made;
}

// Two nodes: 0 has 10.9.0.1, 1 has 10.9.0.2.
class Pair : public ::testing::Test {
 protected:
  void start(Settings first, Settings second) {
    segment.add(std::move(first), host(1));
    segment.add(std::move(second), host(2));
    segment.start(0);
    segment.start(1);
  }
  void start_elected() {
    start(settings(100), settings(80));
    segment.run_for(10s);
    ASSERT_EQ(state(0), State::master);
    ASSERT_EQ(state(1), State::backup);
  }
  State state(std::size_t node) { return segment.node(node).instance.state(); }
  // Runs until `node` is in `wanted`; how long that took.
  Duration time_until(std::size_t node, State wanted, Duration most = 60s) {
    const Instant begin = segment.now();
    while (state(node) != wanted && segment.now() - begin < most) segment.run_for(1ms);
    return segment.now() - begin;
  }
  bool logged(std::size_t node, std::string_view text) {
    for (const auto& line : segment.node(node).lines) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }
  std::vector<std::uint8_t> packet_from(const Settings& sender, std::uint8_t priority,
                                        net::IpAddress from, net::IpAddress to) {
    const Instance other(sender);
    return build_ipv4_packet(build_message(other.make_advert(priority), from, to), from, to, 1);
  }
  VirtualSegment segment{1};
};

using InstancePair = Pair;

TEST_F(InstancePair, StartsAsBackupAndTakesOverAfterTheMasterDownTime) {
  start(settings(100), settings(80));
  EXPECT_EQ(state(0), State::backup);
  EXPECT_NEAR(to_seconds(time_until(0, State::master)), 3.609, 0.002);
  EXPECT_TRUE(logged(0, "(VI_1) Entering BACKUP STATE (init)"));
  EXPECT_TRUE(logged(0, "(VI_1) Receive advertisement timeout"));
  EXPECT_TRUE(logged(0, "(VI_1) Entering MASTER STATE"));
}

TEST_F(InstancePair, HigherPriorityWinsTheElectionAndOnlyItHoldsTheAddress) {
  start_elected();
  EXPECT_TRUE(segment.node(0).holds);
  EXPECT_FALSE(segment.node(1).holds);
  EXPECT_EQ(segment.node(1).instance.master(), host(1));
  EXPECT_EQ(segment.node(1).instance.master_priority(), 100);
  EXPECT_EQ(segment.node(0).instance.master(), host(1));
}

TEST_F(InstancePair, EqualPrioritiesAreDecidedByTheHigherAddress) {
  start(settings(100), settings(100));
  segment.run_for(10s);
  EXPECT_EQ(segment.count(State::master), 1u);
  segment.crash(0);
  segment.crash(1);
  segment.restart(0, settings(100));
  segment.restart(1, settings(100));
  segment.set_link(0, 1, false);
  segment.run_for(10s);
  EXPECT_EQ(segment.count(State::master), 2u);
  segment.set_link(0, 1, true);
  segment.run_for(3s);
  EXPECT_EQ(state(0), State::backup);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(InstancePair, TakeoverSendsTheAdvertFirstThenAddressesThenAnnouncementThenNotice) {
  Instance instance(settings(100));
  instance.handle(event::SourceChanged{host(1)}, Instant{});
  instance.handle(event::Start{}, Instant{});
  const Actions actions = instance.handle(event::TimerDue{}, instance.deadline());
  std::vector<std::size_t> kinds;
  for (const auto& single : actions) {
    if (!std::holds_alternative<action::LogLine>(single)) kinds.push_back(single.index());
  }
  const auto kind = [](Action single) { return single.index(); };
  EXPECT_EQ(kinds, (std::vector<std::size_t>{kind(action::SendAdvert{}), kind(action::Transition{}),
                                             kind(action::AddAddresses{}), kind(action::Announce{}),
                                             kind(action::Notify{})}));
}

TEST_F(InstancePair, MasterSendsEverySecondWithoutDrift) {
  start_elected();
  const auto& sent = segment.node(0).sent;
  ASSERT_GT(sent.size(), 5u);
  // The second one may come a moment early, to be on the node's beat.
  EXPECT_LE(sent[1].first - sent[0].first, 1s);
  EXPECT_GT(sent[1].first - sent[0].first, 1s - beat_grid);
  for (std::size_t i = 2; i < sent.size(); ++i) {
    EXPECT_EQ(sent[i].first - sent[i - 1].first, 1s);
  }
}

TEST(InstanceBeat, InstancesThatBecameMasterOneAfterTheOtherSendTogether) {
  for (const Duration interval : {Duration(10ms), Duration(70ms), Duration(100ms), Duration(1s)}) {
    std::vector<Instant> beats;
    for (const Duration later : {0us, 200us, 900us, 4300us, 9999us}) {
      Settings wanted = settings(100);
      wanted.version = 3;
      wanted.auth_type = auth_none;
      wanted.advert_interval = interval;
      Instance instance(wanted);
      instance.handle(event::SourceChanged{host(1)}, Instant{});
      instance.handle(event::Start{}, Instant{});
      const Instant begin = Instant{} + 60s + later;
      instance.handle(event::TimerDue{}, begin);
      ASSERT_EQ(instance.state(), State::master);
      const Instant first = instance.deadline();
      EXPECT_LE(first - begin, interval);
      EXPECT_GT(first - begin, interval * 9 / 10 - 1ns);
      instance.handle(event::TimerDue{}, first + 1ms);
      EXPECT_EQ(instance.deadline() - first, interval);
      beats.push_back(first);
    }
    if (interval < 100ms) continue;
    EXPECT_EQ(beats, std::vector<Instant>(5, beats.front())) << to_ms(interval);
  }
}

TEST_F(InstancePair, AnnouncesFiveFramesAtOnceAndFiveAfterFiveSeconds) {
  start(settings(100), settings(80));
  segment.run_for(4s);
  EXPECT_EQ(segment.node(0).frames_announced, 5u);
  segment.run_for(20s);
  EXPECT_EQ(segment.node(0).frames_announced, 10u);
  ASSERT_EQ(segment.node(0).announced.size(), 2u);
  EXPECT_EQ(segment.node(0).announced[1] - segment.node(0).announced[0], 5s);
}

TEST_F(InstancePair, RefreshesItsAnnouncementsWhenAsked) {
  Settings refreshing = settings(100);
  refreshing.announce.refresh = 10s;
  start(refreshing, settings(80));
  segment.run_for(30s);
  EXPECT_EQ(segment.node(0).frames_announced, 12u);  // 3.6 + 5 + 10, + 10
}

TEST_F(InstancePair, StoppedMasterIsFollowedAfterTheSkewOfTheBackup) {
  start_elected();
  segment.tell(0, event::Stop{false});
  EXPECT_EQ(segment.node(0).sent.back().second, 0);
  EXPECT_NEAR(to_seconds(time_until(1, State::master)), 0.688, 0.002);
  EXPECT_TRUE(logged(1, "Backup received priority 0 advertisement"));
}

TEST_F(InstancePair, YieldingMasterServesUntilItsSuccessorIsThere) {
  start_elected();
  bool gap = false;
  segment.observe = [&] { gap |= !segment.node(0).holds && !segment.node(1).holds; };
  segment.tell(0, event::Stop{true});
  EXPECT_TRUE(segment.node(0).instance.is_yielding());
  EXPECT_EQ(segment.node(0).sent.back().second, 0);
  EXPECT_NEAR(to_seconds(time_until(0, State::stopped)), 0.738, 0.003);
  EXPECT_EQ(state(1), State::master);
  EXPECT_FALSE(segment.node(0).holds);
  EXPECT_FALSE(gap);
  EXPECT_EQ(segment.node(0).notices.back(), action::Notice::stop);
  EXPECT_NE(segment.node(0).transitions.back().reason.find("10.9.0.2 took over"),
            std::string::npos);
}

TEST_F(InstancePair, YieldingMasterSendsNothingMore) {
  start_elected();
  segment.tell(0, event::Stop{true});
  const auto sent = segment.node(0).adverts_sent;
  segment.run_for(5s);
  EXPECT_EQ(segment.node(0).adverts_sent, sent);
}

TEST_F(InstancePair, YieldingWithoutSuccessorEndsInTime) {
  start_elected();
  segment.crash(1);
  segment.tell(0, event::Stop{true});
  EXPECT_NEAR(to_seconds(time_until(0, State::stopped)), 1.196, 0.003);
  EXPECT_FALSE(segment.node(0).holds);
}

TEST_F(InstancePair, SecondStopEndsTheYieldingAtOnce) {
  start_elected();
  segment.tell(0, event::Stop{true});
  segment.tell(0, event::Stop{false});
  EXPECT_EQ(state(0), State::stopped);
  EXPECT_FALSE(segment.node(0).holds);
}

TEST_F(InstancePair, StoppedBackupSendsNothing) {
  start_elected();
  segment.tell(1, event::Stop{true});
  EXPECT_EQ(state(1), State::stopped);
  EXPECT_EQ(segment.node(1).adverts_sent, 0u);
}

TEST_F(InstancePair, SilentMasterIsReplacedAfterTheMasterDownTime) {
  start_elected();
  segment.crash(0);
  const double took_s = to_seconds(time_until(1, State::master));
  EXPECT_GT(took_s, 2.6);
  EXPECT_LT(took_s, 3.7);
  EXPECT_NE(segment.node(1).instance.reason().find("no advert from 10.9.0.1 for 3.6"),
            std::string::npos);
}

TEST_F(InstancePair, ReturningHigherPriorityTakesTheAddressBackWithoutAGap) {
  start_elected();
  segment.crash(0);
  segment.run_for(10s);
  ASSERT_EQ(state(1), State::master);
  bool gap = false;
  segment.observe = [&] { gap |= !segment.node(0).holds && !segment.node(1).holds; };
  segment.restart(0, settings(100));
  EXPECT_NEAR(to_seconds(time_until(0, State::master)), 3.609, 0.002);
  segment.run_for(100ms);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_FALSE(segment.node(1).holds);
  EXPECT_FALSE(gap);
  EXPECT_TRUE(logged(1, "Master received advert from 10.9.0.1 with higher priority 100, ours 80"));
  EXPECT_TRUE(logged(0, "received lower priority (80) advert from 10.9.0.2 - discarding"));
}

TEST_F(InstancePair, OrdinaryReturnIsNoConflictToAnnounceTwice) {
  start_elected();
  segment.crash(0);
  segment.run_for(10s);
  const auto before = segment.node(0).frames_announced;
  segment.restart(0, settings(100));
  segment.run_for(20s);
  EXPECT_EQ(segment.node(0).frames_announced - before, 10u);
}

TEST_F(InstancePair, NopreemptLeavesTheAddressWhereItIs) {
  Settings modest = settings(100);
  modest.nopreempt = true;
  start(modest, settings(80));
  segment.run_for(10s);
  segment.crash(0);
  segment.run_for(10s);
  segment.restart(0, modest);
  segment.run_for(60s);
  EXPECT_EQ(state(0), State::backup);
  EXPECT_EQ(state(1), State::master);
}

TEST_F(InstancePair, NopreemptBackupTakesOverFromAMasterWhoseProxyDied) {
  Settings modest = settings(150);
  modest.nopreempt = true;
  start(with_tracker(100, 0, "proxy"), modest);
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  segment.crash(1);
  segment.run_for(10s);
  ASSERT_EQ(state(0), State::master);
  segment.restart(1, modest);
  segment.run_for(10s);
  ASSERT_EQ(state(1), State::backup);
  segment.tell(0, event::TrackerReported{0, Health::down, "process ended"});
  EXPECT_FALSE(segment.node(0).holds);
  EXPECT_NEAR(to_seconds(time_until(1, State::master)), 0.415, 0.002);
}

TEST_F(InstancePair, PreemptDelayAcceptsTheLowerMasterUntilItEnds) {
  Settings delayed = settings(100);
  delayed.preempt_delay = 4s;
  start(delayed, settings(80));
  segment.run_for(10s);
  segment.crash(0);
  segment.run_for(10s);
  segment.restart(0, delayed);
  const double took_s = to_seconds(time_until(0, State::master));
  EXPECT_GT(took_s, 4 + 2.6);
  EXPECT_LT(took_s, 1 + 4 + 3.7);
  EXPECT_TRUE(logged(0, "start preempt delay (4.000000)"));
}

TEST_F(InstancePair, PreemptDelayDoesNotHoldBackWhenTheMasterVanishes) {
  Settings delayed = settings(100);
  delayed.preempt_delay = 300s;
  start(delayed, settings(80));
  segment.run_for(10s);
  segment.crash(0);
  segment.run_for(10s);
  segment.restart(0, delayed);
  segment.run_for(10s);
  ASSERT_EQ(state(0), State::backup);
  segment.crash(1);
  EXPECT_LT(to_seconds(time_until(0, State::master)), 3.7);
}

TEST_F(InstancePair, MasterAnswersPriorityZeroAtOnceAndStays) {
  start_elected();
  const auto sent = segment.node(0).adverts_sent;
  segment.inject(0, packet_from(settings(80), 0, host(2), multicast_group(net::Family::ipv4)));
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(segment.node(0).adverts_sent, sent + 1);
}

TEST_F(InstancePair, PriorityZeroOfSomebodyElseDoesNotShakeTheBackup) {
  start_elected();
  segment.inject(1, packet_from(settings(90), 0, host(3), multicast_group(net::Family::ipv4)));
  segment.run_for(10s);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_EQ(segment.node(1).instance.counters().became_master, 0u);
}

TEST_F(InstancePair, SurvivorOfAPartitionAlwaysAnnouncesItselfAgain) {
  start_elected();
  for (int round = 0; round < 50; ++round) {
    segment.set_link(0, 1, false);
    // The heartbeats' phases differ from round to round.
    segment.run_for(20s + segment.random().below(1000) * 1ms);
    ASSERT_EQ(segment.count(State::master), 2u) << round;
    const auto before = segment.node(0).frames_announced;
    segment.set_link(0, 1, true);
    segment.run_for(1500ms);
    EXPECT_EQ(segment.count(State::master), 1u) << round;
    EXPECT_GE(segment.node(0).frames_announced, before + 5) << round;
    segment.run_for(6s);
    EXPECT_GE(segment.node(0).frames_announced, before + 10) << round;
  }
}

// A keepalived gives up without a word when it hears a higher priority.
TEST_F(InstancePair, SilentLoserOfAConflictIsFoundByAskingAndAnsweredWithAnnouncements) {
  start_elected();
  segment.set_reach(1, 0, false);  // whatever node 1 sends never arrives
  const auto before = segment.node(0).frames_announced;
  segment.tell(0, event::AddressClaimed{vip, {{2, 0, 0, 0, 0, 1}}});
  EXPECT_TRUE(logged(0, "10.9.0.100 is also held by 02:00:00:00:00:01"));
  EXPECT_EQ(segment.node(0).frames_announced, before + 5);
  segment.run_for(600ms);  // asked again: nobody answers any more
  EXPECT_TRUE(logged(0, "nobody else holds our addresses any more"));
  EXPECT_EQ(segment.node(0).frames_announced, before + 10);
  EXPECT_EQ(state(0), State::master);
}

TEST_F(InstancePair, LastingClaimIsDefendedAgainstOnceInTenSeconds) {
  start_elected();
  const auto before = segment.node(0).frames_announced;
  for (int i = 0; i < 200; ++i) {
    segment.tell(0, event::AddressClaimed{vip, {{2, 0, 0, 0, 0, 1}}});
    segment.run_for(100ms);
  }
  EXPECT_EQ(segment.node(0).frames_announced, before + 5 + 5 + 1 + 1);
  EXPECT_EQ(state(0), State::master);
}

TEST_F(InstancePair, MasterAsksBeforeItsAdvertsOnceASecond) {
  Instance instance(settings(100));
  instance.handle(event::SourceChanged{host(1)}, Instant{});
  instance.handle(event::Start{}, Instant{});
  instance.handle(event::TimerDue{}, instance.deadline());
  const Actions actions = instance.handle(event::TimerDue{}, instance.deadline());
  ASSERT_EQ(actions.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<action::Probe>(actions[0]));
  EXPECT_TRUE(std::holds_alternative<action::SendAdvert>(actions[1]));
}

TEST_F(InstancePair, LowerMasterThatCannotHearDoesNotMakeUsFlood) {
  start_elected();
  const auto before = segment.node(0).frames_announced;
  const auto packet = packet_from(settings(80), 80, host(2), multicast_group(net::Family::ipv4));
  for (int i = 0; i < 1000; ++i) {
    segment.inject(0, packet);
    segment.run_for(1ms);
  }
  // Two bursts an interval, and the first of the next one.
  EXPECT_LE(segment.node(0).frames_announced - before, 15u);
  EXPECT_EQ(state(0), State::master);
}

TEST_F(InstancePair, FailedScriptWithoutWeightGivesUpTheAddressAtOnce) {
  start(with_tracker(100, 0), settings(80));
  EXPECT_EQ(state(0), State::init);  // nothing is known yet
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  EXPECT_EQ(state(0), State::backup);
  segment.run_for(10s);
  ASSERT_EQ(state(0), State::master);
  segment.tell(0, event::TrackerReported{0, Health::down, "exited with status 1"});
  EXPECT_EQ(state(0), State::fault);
  EXPECT_EQ(segment.node(0).sent.back().second, 0);
  EXPECT_FALSE(segment.node(0).holds);
  EXPECT_TRUE(logged(0, "(VI_1) Entering FAULT STATE"));
  EXPECT_EQ(segment.node(0).notices.back(), action::Notice::fault);
  EXPECT_NEAR(to_seconds(time_until(1, State::master)), 0.688, 0.002);
}

TEST_F(InstancePair, RecoveryGoesThroughBackupAndAFullWait) {
  start(with_tracker(100, 0), settings(80));
  segment.tell(0, event::TrackerReported{0, Health::down, ""});
  segment.run_for(10s);
  ASSERT_EQ(state(0), State::fault);
  ASSERT_EQ(state(1), State::master);
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  EXPECT_EQ(state(0), State::backup);
  EXPECT_NEAR(to_seconds(time_until(0, State::master)), 3.609, 0.002);
}

TEST_F(InstancePair, EveryFaultMustBeGoneBeforeItTakesPartAgain) {
  Settings two = settings(100);
  two.trackers = {{"interface eth0", 0, false}, {"interface eth1", 0, false}};
  start(two, settings(80));
  segment.tell(0, event::TrackerReported{0, Health::down, ""});
  segment.tell(0, event::TrackerReported{1, Health::down, ""});
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  segment.run_for(10s);
  EXPECT_EQ(state(0), State::fault);
  EXPECT_EQ(segment.node(0).instance.faults(), std::vector<std::string>{"interface eth1 down"});
  segment.tell(0, event::TrackerReported{1, Health::up, ""});
  EXPECT_EQ(state(0), State::backup);
}

TEST_F(InstancePair, FaultyNodeIgnoresAdverts) {
  start(with_tracker(100, 0), settings(80));
  segment.tell(0, event::TrackerReported{0, Health::down, ""});
  segment.run_for(10s);
  EXPECT_EQ(segment.node(0).instance.counters().adverts_received, 0u);
}

TEST_F(InstancePair, MissingSourceAddressIsAFault) {
  start_elected();
  segment.tell(0, event::SourceChanged{std::nullopt});
  EXPECT_EQ(state(0), State::fault);
  segment.tell(0, event::SourceChanged{host(1)});
  EXPECT_EQ(state(0), State::backup);
}

TEST_F(InstancePair, NegativeWeightLosesTheElectionAfterTheBackupsWait) {
  start(with_tracker(100, -30), settings(80));
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  segment.run_for(10s);
  ASSERT_EQ(state(0), State::master);
  segment.tell(0, event::TrackerReported{0, Health::down, ""});
  EXPECT_EQ(segment.node(0).instance.effective_priority(), 70);
  EXPECT_TRUE(logged(0, "Changing effective priority from 100 to 70"));
  EXPECT_LT(to_seconds(time_until(1, State::master)), 3.7);
  segment.run_for(1s);
  EXPECT_EQ(state(0), State::backup);
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  EXPECT_LT(to_seconds(time_until(0, State::master)), 3.7);
}

TEST_F(InstancePair, WeightsAreSummedUnclampedAndThePriorityStaysInItsRange) {
  Settings many = settings(250);
  many.trackers = {{"script a", 100, false}, {"script b", -200, false}, {"script c", -253, false}};
  start(many, settings(80));
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  EXPECT_EQ(segment.node(0).instance.effective_priority(), 254);
  segment.tell(0, event::TrackerReported{1, Health::down, ""});
  EXPECT_EQ(segment.node(0).instance.effective_priority(), 150);
  segment.tell(0, event::TrackerReported{2, Health::down, ""});
  EXPECT_EQ(segment.node(0).instance.effective_priority(), 1);
}

TEST_F(InstancePair, PriorityChangeShiftsTheRunningDeadline) {
  Instance instance(with_tracker(100, 20));
  instance.handle(event::SourceChanged{host(1)}, Instant{});
  instance.handle(event::Start{}, Instant{});
  const Instant before = instance.deadline();
  instance.handle(event::TrackerReported{0, Health::up, ""}, Instant{1s});
  EXPECT_EQ(before - instance.deadline(), 20 * Duration(1s) / 256);
}

TEST_F(InstancePair, OwnerGoesUpAtOnceAndNeverChangesItsPriority) {
  Settings owner = with_tracker(255, -30);
  owner.wants_master = true;
  start(owner, settings(80));
  EXPECT_EQ(state(0), State::master);
  segment.tell(0, event::TrackerReported{0, Health::down, ""});
  EXPECT_EQ(segment.node(0).instance.effective_priority(), 255);
}

TEST_F(InstancePair, OfTwoOwnersTheLowerAddressBacksOff) {
  Settings owner = settings(255);
  owner.wants_master = true;
  start(owner, owner);
  segment.run_for(3s);
  EXPECT_EQ(state(0), State::backup);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(segment.node(1).instance.counters().priority_zero_received, 1u)
      << "a keepalived that hears an owner gives up, too";
}

TEST_F(InstancePair, OwnerThatIsNotHeardGivesUpBeingOne) {
  Settings owner = settings(255);
  owner.wants_master = true;
  start(owner, owner);
  segment.run_for(5s);
  segment.crash(0);
  segment.restart(0, owner);
  segment.set_reach(1, 0, false);  // the lower address never hears the higher
  segment.run_for(20s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
  EXPECT_EQ(segment.node(1).instance.effective_priority(), 254);
  segment.crash(0);
  segment.run_for(10s);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(segment.node(1).instance.effective_priority(), 255);
}

TEST_F(InstancePair, DifferentAddressListIsLoggedAndElectsOneMaster) {
  Settings other = settings(80);
  other.addresses = {vip, host(101)};
  start(settings(100), other);
  segment.run_for(20s);
  EXPECT_EQ(segment.count(State::master), 1u);
  EXPECT_TRUE(logged(1, "expected 2 VIPs but received 1"));
  EXPECT_GT(segment.node(1).instance.counters().address_mismatches, 5u);
  const auto& lines = segment.node(1).lines;
  EXPECT_EQ(std::ranges::count_if(lines,
                                  [](const auto& line) {
                                    return line.find("VIPs but received") != std::string::npos;
                                  }),
            1);
}

TEST_F(InstancePair, WrongPasswordIsCountedLoggedOnceAndChangesNothing) {
  Settings other = settings(80);
  other.password = make_password("2222");
  start(settings(100), other);
  segment.run_for(30s);
  EXPECT_EQ(segment.count(State::master), 2u);  // as with keepalived: they do not know each other
  const auto& counters = segment.node(0).instance.counters();
  EXPECT_EQ(counters.rejected[static_cast<std::size_t>(Reject::password)],
            counters.rejected_total());
  EXPECT_GT(counters.rejected_total(), 10u);
  const auto& lines = segment.node(0).lines;
  EXPECT_LE(std::ranges::count(lines, "(VI_1) received an invalid passwd from 10.9.0.2!"), 2);
}

TEST_F(InstancePair, OtherIntervalIsRejectedInVersion2) {
  Settings other = settings(80);
  other.advert_interval = 2s;
  start(settings(100), other);
  segment.run_for(20s);
  EXPECT_EQ(segment.count(State::master), 2u);
  EXPECT_TRUE(logged(0, "advertisement interval mismatch with 10.9.0.2 mine=1 sec rcv'd=2 sec"));
}

TEST_F(InstancePair, Version3AdoptsTheMastersInterval) {
  Settings first = settings(100);
  first.version = 3;
  first.auth_type = auth_none;
  first.password = {};
  first.advert_interval = 500ms;
  Settings second = first;
  second.priority = 80;
  second.advert_interval = 100ms;
  start(first, second);
  segment.run_for(20s);
  EXPECT_EQ(state(0), State::master);
  segment.crash(0);
  const double took_s = to_seconds(time_until(1, State::master));
  EXPECT_GT(took_s, 3 * 0.5 + 0.3 - 0.5);
  EXPECT_LT(took_s, 3 * 0.5 + 0.36);
}

TEST_F(InstancePair, UnicastPairIgnoresMulticastAndStrangers) {
  Settings first = settings(100);
  first.peers = {{host(2), {}, {}}};
  first.check_unicast_source = true;
  Settings second = settings(80);
  second.peers = {{host(1), {}, {}}};
  start(first, second);
  segment.run_for(10s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
  segment.inject(0, packet_from(settings(200), 200, host(3), multicast_group(net::Family::ipv4)));
  segment.inject(0, packet_from(settings(200), 200, host(3), host(1)));
  EXPECT_EQ(state(0), State::master);
  const auto& rejected = segment.node(0).instance.counters().rejected;
  EXPECT_EQ(rejected[static_cast<std::size_t>(Reject::cast)], 1u);
  EXPECT_EQ(rejected[static_cast<std::size_t>(Reject::source)], 1u);
}

TEST_F(InstancePair, AdvertThroughARouterIsRejected) {
  start_elected();
  auto packet = packet_from(settings(200), 200, host(3), multicast_group(net::Family::ipv4));
  packet[8] = 254;  // a router's work: TTL one less,
  packet[10] += 1;  // header checksum mended
  segment.inject(0, packet);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(segment.node(0).instance.counters().rejected[static_cast<std::size_t>(Reject::ttl)],
            1u);
}

TEST_F(InstancePair, HostileAdvertsNeverChangeTheState) {
  start_elected();
  const auto good = packet_from(settings(200), 200, host(3), multicast_group(net::Family::ipv4));
  for (std::size_t node : {0u, 1u}) {
    const State before = state(node);
    const Instant deadline = segment.node(node).instance.deadline();
    for (std::size_t size = 0; size < good.size(); ++size) {
      segment.inject(node, {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)});
    }
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      auto flipped = good;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      segment.inject(node, flipped);
    }
    EXPECT_EQ(state(node), before);
    EXPECT_EQ(segment.node(node).instance.deadline(), deadline);
  }
}

TEST_F(InstancePair, MasterThatSleptLongListensBeforeItInsists) {
  start_elected();
  segment.pause(0);
  segment.run_for(20s);
  ASSERT_EQ(state(1), State::master);
  EXPECT_FALSE(segment.node(0).holds);  // the kernel dropped it
  segment.resume(0);
  EXPECT_EQ(state(0), State::backup);
  EXPECT_NE(segment.node(0).instance.reason().find("did not run for 20.0 s"), std::string::npos);
  segment.run_for(10s);
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(state(1), State::backup);
}

TEST_F(InstancePair, MasterThatSleptLongTellsItsSuccessorToAnnounceItself) {
  start_elected();
  segment.set_link(0, 1, false);
  segment.pause(0);
  segment.run_for(10s);
  ASSERT_EQ(state(1), State::master);
  const auto announced = segment.node(1).frames_announced;
  segment.set_link(0, 1, true);
  segment.resume(0);  // before it has heard anything, and it gives up at once
  EXPECT_EQ(state(0), State::backup);
  EXPECT_EQ(segment.node(0).sent.back().second, 0);
  segment.run_for(100ms);
  EXPECT_GT(segment.node(1).frames_announced, announced);
}

TEST_F(InstancePair, BackupThatSleptDoesNotTakeOverFromALivingMaster) {
  start_elected();
  segment.set_link(0, 1, false);  // nothing queues up either: the machine itself was paused
  segment.pause(1);
  segment.run_for(30s);
  segment.set_link(0, 1, true);
  segment.resume(1);
  segment.run_for(10s);
  EXPECT_EQ(segment.node(1).instance.counters().became_master, 0u);
}

TEST_F(InstancePair, ReconfiguredMasterStaysMasterAndGoesOnSending) {
  start_elected();
  Settings changed = settings(90);
  changed.addresses = {vip, host(101)};
  segment.tell(0, event::Reconfigured{changed});
  EXPECT_EQ(state(0), State::master);
  EXPECT_EQ(segment.node(0).instance.effective_priority(), 90);
  EXPECT_EQ(segment.node(0).sent.back().second, 90);
  EXPECT_EQ(segment.node(0).instance.make_advert(90).addresses.size(), 2u);
  segment.run_for(10s);
  EXPECT_EQ(state(0), State::master);
}

TEST_F(InstancePair, ReconfiguredTrackersKeepWhatIsKnownOfThem) {
  start(with_tracker(100, 0), settings(80));
  segment.tell(0, event::TrackerReported{0, Health::up, ""});
  Settings changed = settings(100);
  changed.trackers = {{"script new", 0, false}, {"script chk", 0, false}};
  segment.tell(0, event::Reconfigured{changed});
  EXPECT_EQ(state(0), State::backup);  // what is not known yet is no fault
  EXPECT_EQ(segment.node(0).instance.trackers()[1].health, Health::up);
  changed.trackers = {};
  segment.tell(0, event::Reconfigured{changed});
  EXPECT_EQ(state(0), State::backup);
}

TEST_F(InstancePair, RemovedTrackerEndsItsFault) {
  start(with_tracker(100, 0), settings(80));
  segment.tell(0, event::TrackerReported{0, Health::down, ""});
  ASSERT_EQ(state(0), State::fault);
  segment.tell(0, event::Reconfigured{settings(100)});
  EXPECT_EQ(state(0), State::backup);
}

TEST_F(InstancePair, ThreeNodesElectTheNextWhenTwoFail) {
  start(settings(100), settings(80));
  segment.add(settings(60), host(3));
  segment.start(2);
  segment.run_for(10s);
  segment.crash(0);
  segment.run_for(10s);
  EXPECT_EQ(state(1), State::master);
  EXPECT_EQ(state(2), State::backup);
  segment.crash(1);
  segment.run_for(10s);
  EXPECT_EQ(state(2), State::master);
}

// It announced itself milliseconds ago, and neighbours may hear that after our announcement.
TEST_F(InstancePair, MasterOfAMomentIsARivalAndNoPredecessor) {
  start(settings(100), settings(80));
  segment.crash(1);
  Instance& machine = segment.node(0).instance;
  segment.run_for(3s);
  const auto lower =
      parse_ipv4_packet(packet_from(settings(90), 90, host(3), multicast_group(net::Family::ipv4)));
  const Instant now = segment.now();
  machine.handle(event::AdvertReceived{&lower}, now);
  machine.handle(event::TimerDue{}, machine.deadline());
  ASSERT_EQ(machine.state(), State::master);
  const Actions actions = machine.handle(event::AdvertReceived{&lower}, machine.since() + 1ms);
  EXPECT_TRUE(std::ranges::any_of(
      actions, [](const Action& one) { return std::holds_alternative<action::Announce>(one); }));
}

// Three of equal priority take over at once: the burst for the first rival is too early for the
// second, whom the neighbours believe by then.
TEST_F(InstancePair, SecondRivalWithinAnIntervalIsAnsweredWithAnEcho) {
  start(settings(100), settings(80));
  segment.run_for(20s);
  Instance& master = segment.node(0).instance;
  const auto multicast = multicast_group(net::Family::ipv4);
  const auto first = parse_ipv4_packet(packet_from(settings(90), 90, host(3), multicast));
  const auto second = parse_ipv4_packet(packet_from(settings(70), 70, host(4), multicast));
  const auto announces = [](const Actions& actions) {
    return std::ranges::any_of(
        actions, [](const Action& one) { return std::holds_alternative<action::Announce>(one); });
  };
  const Instant now = segment.now();
  EXPECT_TRUE(announces(master.handle(event::AdvertReceived{&first}, now)));
  EXPECT_FALSE(announces(master.handle(event::AdvertReceived{&second}, now + 1ms)));
  EXPECT_LT(master.deadline(), now + 1ms + handover_linger);
  EXPECT_TRUE(announces(master.handle(event::TimerDue{}, master.deadline())));
}

TEST_F(InstancePair, ReloadDoesNotEndTheLingeringOfOneThatSteppedDown) {
  start_elected();
  Settings higher = settings(120);
  segment.tell(1, event::Reconfigured{higher});
  while (state(0) == State::master) segment.run_for(1ms);
  ASSERT_TRUE(segment.node(0).holds);
  segment.tell(0, event::Reconfigured{settings(100)});
  EXPECT_TRUE(segment.node(0).holds);
  segment.run_for(100ms);
  EXPECT_FALSE(segment.node(0).holds);
}

TEST_F(InstancePair, NewAddressesReachTheKernelWhileAMasterYields) {
  start_elected();
  segment.tell(0, event::Stop{});
  Settings changed = settings(100);
  changed.addresses = {vip, host(101)};
  const Actions actions =
      segment.node(0).instance.handle(event::Reconfigured{changed}, segment.now());
  EXPECT_TRUE(std::ranges::any_of(actions, [](const Action& one) {
    return std::holds_alternative<action::AddAddresses>(one);
  }));
}

TEST_F(InstancePair, OrdinaryAdvertCostsABackupNoAction) {
  Instance backup(settings(80));
  backup.handle(event::SourceChanged{host(2)}, Instant{});
  backup.handle(event::Start{}, Instant{});
  const auto parsed = parse_ipv4_packet(
      packet_from(settings(100), 100, host(1), multicast_group(net::Family::ipv4)));
  const Actions actions = backup.handle(event::AdvertReceived{&parsed}, Instant{500ms});
  EXPECT_TRUE(actions.empty());
  EXPECT_EQ(backup.deadline(), Instant{500ms} + master_down_time(2, 80, 1s));
}

}  // namespace
}  // namespace baton::vrrp
