// A returning node asks the master; a master that is asked in the middle of a move; an offer that
// comes before an earlier move of the same address has ended here.

#include "failover/handovers_test_node.h"

namespace baton::failover {
namespace {

class AskedMaster : public testing::Test {
 protected:
  void SetUp() override {
    node.add_peer(2, 110);
    node.add_peer(3, 120);
    node.router.become_master();
    node.sent.clear();
  }
  void ask(int from, unsigned priority) {
    node.handovers.on_message(PairMessage::pass_request, node.peer(from),
                              encode_request({{"VI_1"}, {priority}}));
  }
  TestNode node{1};
};

TEST_F(AskedMaster, PassesToABetterNodeAndSaysThatItHasHeard) {
  ask(2, 110);
  EXPECT_EQ(node.offered(), std::vector{peer_address(2)});
  EXPECT_TRUE(node.has_sent(PairMessage::pass_reply, 2));
}

// The question was meant for another master.
TEST_F(AskedMaster, DoesNotPassToANodeThatIsNotBetter) {
  ask(2, 99);
  ask(3, node.router.instance().effective_priority());
  EXPECT_TRUE(node.sent.empty());
}

TEST_F(AskedMaster, AnswersASecondOneThatAsksInTheMiddleOfTheMove) {
  ask(2, 110);
  ask(3, 120);
  EXPECT_EQ(node.offered(), std::vector{peer_address(2)});
  EXPECT_TRUE(node.has_sent(PairMessage::pass_reply, 3)) << "while it is offered";
  node.sent.clear();
  node.hear_note(2, PairMessage::handover_ready, 1001);
  ASSERT_TRUE(node.router.instance().is_yielding());
  ask(3, 120);
  EXPECT_TRUE(node.has_sent(PairMessage::pass_reply, 3)) << "while it yields";
  node.sent.clear();
  node.router.hear(2, 110);
  node.time += 100ms;
  node.router.obey(vrrp::event::TimerDue{});
  ask(3, 120);
  EXPECT_FALSE(node.has_sent(PairMessage::pass_reply, 3)) << "as BACKUP it is not for it to say";
}

TEST_F(AskedMaster, AnswersWhileItStops) {
  node.stopping = true;
  ask(3, 120);
  EXPECT_TRUE(node.offered().empty());
  EXPECT_TRUE(node.has_sent(PairMessage::pass_reply, 3));
}

// Node 2 has taken over and is to give it back before this one has seen the end of its move.
class EarlyOffer : public AskedMaster {
 protected:
  void SetUp() override {
    AskedMaster::SetUp();
    node.handovers.pass(node.routers(), "node2", 1);
    node.hear_note(2, PairMessage::handover_ready, node.offer());
    ASSERT_TRUE(node.router.instance().is_yielding());
    node.sent.clear();
    const HandoverScope scope{7, {"VI_1"}, {virtual_address}, {net::IpAddress::ipv4(10, 0, 0, 2)}};
    node.handovers.on_message(PairMessage::handover_offer, node.peer(2), encode_offer(scope));
    node.do_work();
    ASSERT_TRUE(node.sent.empty());
  }
  void end_move() {
    node.router.hear(2, 90);
    node.time += 100ms;
    node.router.obey(vrrp::event::TimerDue{});
    node.do_work();
  }
};

TEST_F(EarlyOffer, IsTakenWhenTheMoveHasEnded) {
  end_move();
  ASSERT_TRUE(node.has_sent(PairMessage::handover_ready, 2));
  node.hear_note(2, PairMessage::handover_taken, 7);
  EXPECT_EQ(node.router.instance().state(), vrrp::State::master);
}

TEST_F(EarlyOffer, IsRefusedWhenNobodyTookOver) {
  for (int i = 0; i < 40; ++i) {
    node.time += 50ms;
    if (node.router.instance().deadline() <= node.time) {
      node.router.obey(vrrp::event::TimerDue{});
    }
  }
  ASSERT_FALSE(node.router.instance().is_yielding());
  EXPECT_TRUE(node.has_sent(PairMessage::handover_refused, 2));
}

TEST_F(EarlyOffer, IsForgottenWhenTheGiverTakesItBack) {
  node.hear_note(2, PairMessage::handover_done, 7);
  end_move();
  EXPECT_FALSE(node.has_sent(PairMessage::handover_ready, 2));
}

TEST_F(EarlyOffer, IsForgottenWithTheLink) {
  node.others.front().is_up = false;
  node.handovers.on_link_change(node.others.front());
  end_move();
  EXPECT_FALSE(node.has_sent(PairMessage::handover_ready, 2));
}

TEST_F(EarlyOffer, IsForgottenWhenTheGiverHasLostPatience) {
  node.wait(HandoverGiver::ready_patience + 1ms);
  end_move();
  EXPECT_FALSE(node.has_sent(PairMessage::handover_ready, 2));
}

// Offered by node 2, which has heard that this one is ready.
class Taker : public testing::Test {
 protected:
  void SetUp() override {
    node.add_peer(2);
    offer(7);
    ASSERT_TRUE(node.has_sent(PairMessage::handover_ready, 2));
    node.sent.clear();
  }
  void offer(std::uint64_t id) {
    const HandoverScope scope{id, {"VI_1"}, {virtual_address}, {net::IpAddress::ipv4(10, 0, 0, 2)}};
    node.handovers.on_message(PairMessage::handover_offer, node.peer(2), encode_offer(scope));
    node.do_work();
  }
  TestNode node{1};
};

TEST_F(Taker, ThatFailsBeforeTheWordToGoSaysSoAndLeavesNoRules) {
  node.router.obey(vrrp::event::SourceChanged{std::nullopt});
  node.hear_note(2, PairMessage::handover_taken, 7);
  EXPECT_TRUE(node.has_sent(PairMessage::handover_refused, 2));
  node.rules.clear();
  node.wait(1ms);
  EXPECT_TRUE(node.rules.contains("delete table netdev baton_handover")) << node.rules;
}

TEST_F(Taker, ThatIsMasterByItselfAtTheWordToGoDoesNotMind) {
  node.router.become_master();
  node.hear_note(2, PairMessage::handover_taken, 7);
  EXPECT_FALSE(node.has_sent(PairMessage::handover_refused, 2));
}

TEST(Giver, StaysMasterWhenTheTakerHasFailedAtTheWordToGo) {
  TestNode node{1};
  node.add_peer(2);
  node.router.become_master();
  node.handovers.pass(node.routers(), "", 1);
  node.hear_note(2, PairMessage::handover_ready, node.offer());
  ASSERT_TRUE(node.router.instance().is_yielding());
  node.hear_note(2, PairMessage::handover_refused, node.offer(), "it failed meanwhile");
  EXPECT_EQ(node.router.instance().state(), vrrp::State::master);
  EXPECT_FALSE(node.router.instance().is_yielding());
  EXPECT_TRUE(node.kept.empty());
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "nobody took over"}}));
}

// The rules of one that is prepared do not speak for another whose own connections are not known.
TEST(TwoOffers, HaveRulesOnlyWhenTheOwnConnectionsOfEachAreKnown) {
  TestNode node{1};
  node.add_peer(2);
  node.more.push_back(std::make_unique<TestRouter>(1, node.time, std::uint8_t{2}));
  node.flows = {{{{net::IpAddress::ipv4(192, 0, 2, 1), 4000}, {virtual_address, 443}}}};
  const auto offer = [&node](std::uint64_t id, const char* name, const net::IpAddress& address) {
    const HandoverScope scope{id, {name}, {address}, {net::IpAddress::ipv4(10, 0, 0, 2)}};
    node.handovers.on_message(PairMessage::handover_offer, node.peer(2), encode_offer(scope));
  };
  offer(7, "VI_1", virtual_address);
  auto first = std::move(node.jobs.front());
  node.jobs.clear();
  ASSERT_TRUE(first());  // it has begun to read them
  node.flows.clear();
  offer(8, "VI_2", TestRouter::address(2));
  node.do_work();
  EXPECT_TRUE(node.rules.contains("ip daddr 10.0.0.101")) << node.rules;
  EXPECT_FALSE(node.rules.contains("ip daddr 10.0.0.100")) << node.rules;
  while (first()) {
  }
  EXPECT_TRUE(node.rules.contains("ip daddr 10.0.0.100")) << node.rules;
}

// The other end of the question.
TEST(AskingNode, TellsItsPriorityAndHearsThatItMayAskAgain) {
  TestNode node{3};
  node.add_peer(1);
  node.handovers.on_link_change(node.peer(1));
  node.router.hear(1, 50);
  const auto asks = [&node] {
    std::vector<PassRequest> all;
    for (const auto& one : node.sent) {
      if (one.type == PairMessage::pass_request) all.push_back(*decode_request(one.body));
    }
    return all;
  };
  const auto live = [&node](Duration length) {
    for (const Instant until = node.time + length; node.time < until; node.time += 100ms) {
      if (node.router.instance().state() == vrrp::State::backup) node.router.hear(1, 50);
      if (node.router.instance().deadline() <= node.time) node.router.obey(vrrp::event::TimerDue{});
    }
  };
  live(4s);
  ASSERT_TRUE(asks().empty()) << "the test's router asks nobody by itself";
  node.handovers.ask_to_pass(node.router);
  ASSERT_EQ(asks().size(), 1u);
  EXPECT_EQ(asks().front(), (PassRequest{{"VI_1"}, {100}}));
  node.handovers.on_message(PairMessage::pass_reply, node.peer(1), encode_names({"VI_1"}));
  live(1500ms);
  EXPECT_EQ(node.router.instance().state(), vrrp::State::backup) << "it asks again";
  live(1500ms);
  EXPECT_EQ(node.router.instance().state(), vrrp::State::master) << "nobody has answered";
}

}  // namespace
}  // namespace baton::failover
