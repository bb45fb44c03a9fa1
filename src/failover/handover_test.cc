// The machines of the handover, alone and against each other over a lossy exchange.

#include "failover/handover.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

using namespace handover_action;

template <typename Wanted>
bool has(const HandoverActions& actions) {
  return std::ranges::any_of(
      actions, [](const HandoverAction& action) { return std::holds_alternative<Wanted>(action); });
}

HandoverScope scope() {
  HandoverScope made;
  made.id = 7;
  made.instances = {"VI_1"};
  made.addresses = {net::IpAddress::ipv4(10, 0, 0, 100)};
  made.timeout = 60s;
  return made;
}

class GiverTest : public testing::Test {
 protected:
  void bring_to_serving() {
    giver.begin(now);
    giver.on_ready(now);
    giver.on_successor_there(now);
    ASSERT_EQ(giver.state(), HandoverGiver::State::serving);
  }
  // Runs until the machine is over; the connections that are left are given at every look.
  Duration run_to_the_end(std::size_t flows) {
    const Instant begun = now;
    while (giver.state() != HandoverGiver::State::over && now - begun < 1h) {
      now = giver.deadline();
      for (const auto& action : giver.on_tick(now)) {
        const bool looks =
            std::holds_alternative<SendFlows>(action) || std::holds_alternative<CountFlows>(action);
        if (looks) ended = giver.on_flows(flows, now);
      }
    }
    return now - begun;
  }
  Instant now{1000s};
  HandoverGiver giver{scope()};
  HandoverActions ended;
};

TEST_F(GiverTest, AddressesAreKeptBeforeTheRoutersYieldAndTheTakerIsToldLast) {
  EXPECT_TRUE(has<SendOffer>(giver.begin(now)));
  const auto actions = giver.on_ready(now);
  ASSERT_EQ(actions.size(), 3u);
  EXPECT_TRUE(std::holds_alternative<Keep>(actions[0]));
  EXPECT_TRUE(std::holds_alternative<Yield>(actions[1]));
  EXPECT_TRUE(std::holds_alternative<SendGo>(actions[2]));
}

TEST_F(GiverTest, ARefusalMovesNothing) {
  giver.begin(now);
  const auto actions = giver.on_refused("VI_1 is FAULT there");
  EXPECT_TRUE(has<Failed>(actions));
  EXPECT_FALSE(has<Keep>(actions) || has<Yield>(actions) || has<Unkeep>(actions));
  EXPECT_EQ(giver.state(), HandoverGiver::State::over);
}

TEST_F(GiverTest, ATakerThatDoesNotAnswerIsGivenUp) {
  giver.begin(now);
  EXPECT_TRUE(has<Failed>(giver.on_tick(now + HandoverGiver::ready_patience)));
}

TEST_F(GiverTest, WhenNobodyTakesOverEverythingIsAsBefore) {
  giver.begin(now);
  giver.on_ready(now);
  const auto actions = giver.on_still_master(now);
  EXPECT_TRUE(has<Unkeep>(actions));
  EXPECT_TRUE(has<SendDone>(actions));
  EXPECT_TRUE(has<Failed>(actions));
}

TEST_F(GiverTest, ItEndsSoonWhenNoConnectionIsLeft) {
  bring_to_serving();
  EXPECT_LT(run_to_the_end(0), 3s);
  EXPECT_TRUE(has<Unkeep>(ended) && has<SendDone>(ended));
}

TEST_F(GiverTest, ConnectionsThatDoNotEndAreServedUntilTheTimeout) {
  bring_to_serving();
  EXPECT_EQ(run_to_the_end(3), 60s);
  EXPECT_EQ(giver.flows_moved(), 3u);
}

TEST_F(GiverTest, ALostLinkDoesNotEndWhatIsServed) {
  bring_to_serving();
  EXPECT_TRUE(giver.on_link_down().empty());
  EXPECT_EQ(giver.state(), HandoverGiver::State::serving);
}

TEST_F(GiverTest, AddressesThatComeBackAreNotKeptAnyLonger) {
  bring_to_serving();
  EXPECT_TRUE(has<Unkeep>(giver.on_still_master(now)));
}

class TakerTest : public testing::Test {
 protected:
  Instant now{1000s};
  HandoverTaker taker{scope()};
};

TEST_F(TakerTest, RulesStandBeforeItSaysReadyAndBeforeItTakesOver) {
  const auto first = taker.begin(now);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_TRUE(std::holds_alternative<CatchAll>(first[0]));
  EXPECT_TRUE(std::holds_alternative<SendReady>(first[1]));
  EXPECT_TRUE(has<TakeOver>(taker.on_go(now)));
}

TEST_F(TakerTest, TheLastListNarrowsTheRules) {
  taker.begin(now);
  taker.on_go(now);
  EXPECT_TRUE(taker.on_flows(5, false, now).empty());
  EXPECT_TRUE(has<ForwardFlows>(taker.on_flows(2, true, now)));
  EXPECT_EQ(taker.flows_moved(), 7u);
}

TEST_F(TakerTest, WithoutALastListTheRulesAreNarrowedAllTheSame) {
  taker.begin(now);
  taker.on_go(now);
  EXPECT_TRUE(has<ForwardFlows>(taker.on_tick(now + HandoverTaker::list_patience)));
  EXPECT_TRUE(has<RemoveRules>(taker.on_tick(now + 60s + HandoverTaker::giver_patience)));
}

TEST_F(TakerTest, WithoutTheWordToGoRulesAreRemoved) {
  taker.begin(now);
  EXPECT_TRUE(has<RemoveRules>(taker.on_tick(now + HandoverTaker::go_patience)));
  EXPECT_TRUE(taker.on_go(now).empty());
}

TEST_F(TakerTest, AGiverThatIsGoneIsForgottenAfterAWhile) {
  taker.begin(now);
  taker.on_go(now);
  taker.on_flows(1, true, now);
  EXPECT_TRUE(taker.on_link_down(now).empty());
  EXPECT_EQ(taker.deadline(), now + HandoverTaker::orphan_patience);
  EXPECT_TRUE(has<RemoveRules>(taker.on_tick(now + HandoverTaker::orphan_patience)));
}

TEST_F(TakerTest, AGiverThatComesBackIsWaitedForUnlessItIsAnotherProcess) {
  taker.begin(now);
  taker.on_go(now);
  taker.on_flows(1, true, now);
  taker.on_link_down(now);
  EXPECT_TRUE(taker.on_link_up(true).empty());
  EXPECT_EQ(taker.state(), HandoverTaker::State::forwarding);
  EXPECT_TRUE(has<RemoveRules>(taker.on_link_up(false)));
}

TEST_F(TakerTest, PacketsUnderWayAreForwardedForAMomentAfterTheEnd) {
  taker.begin(now);
  taker.on_go(now);
  taker.on_flows(1, true, now);
  EXPECT_TRUE(taker.on_done(now).empty());
  EXPECT_TRUE(has<RemoveRules>(taker.on_tick(now + HandoverTaker::leave_patience)));
}

}  // namespace
}  // namespace baton::failover
