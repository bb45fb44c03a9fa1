// What handovers decide about wishes that meet: passes, requests, a stop; and whom they ask.

#include "failover/handovers_test_node.h"

namespace baton::failover {
namespace {

class HandoversTest : public testing::Test {
 protected:
  void SetUp() override {
    node.add_peer(2, 80);
    node.add_peer(3, 90);
    node.router.become_master();
    node.sent.clear();
  }
  void pass(const std::string& to, std::uint64_t ticket) {
    node.handovers.pass(node.routers(), to, ticket);
  }
  TestNode node{1};
};

TEST_F(HandoversTest, AnUnnamedPassGoesToThePeerWithTheBestPriority) {
  pass("", 1);
  EXPECT_EQ(node.offered(), std::vector{peer_address(3)});
  node.move_to(3);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok) << node.answers[0].text;
  EXPECT_TRUE(node.answers[0].text.starts_with("VI_1 passed to node3"));
}

TEST_F(HandoversTest, OfPeersWithUnknownPriorityTheFirstOfTheFileIsAsked) {
  node.priorities.clear();
  pass("", 1);
  EXPECT_EQ(node.offered(), std::vector{peer_address(2)});
}

TEST_F(HandoversTest, AfterARefusalTheNextPeerIsAskedAndAfterTheLastOneTheOperatorIsTold) {
  pass("", 1);
  node.hear_note(3, PairMessage::handover_refused, node.offer(), "VI_1 is FAULT there");
  EXPECT_EQ(node.offered(), (std::vector{peer_address(3), peer_address(2)}));
  EXPECT_TRUE(node.answers.empty());
  node.hear_note(2, PairMessage::handover_refused, node.offer(), "this node is stopping");
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "this node is stopping"}}));
}

TEST_F(HandoversTest, ARefusalOfTheNamedPeerIsTheAnswer) {
  pass("node2", 1);
  node.hear_note(2, PairMessage::handover_refused, node.offer(), "VI_1 is FAULT there");
  EXPECT_EQ(node.offered(), std::vector{peer_address(2)});
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "VI_1 is FAULT there"}}));
}

TEST_F(HandoversTest, ASecondPassJoinsTheFirstAndBothAreAnswered) {
  pass("", 1);
  pass("", 2);
  pass("node3", 3);
  EXPECT_EQ(node.offered().size(), 1u);
  node.move_to(3);
  ASSERT_EQ(node.answers.size(), 3u);
  for (const auto& one : node.answers) EXPECT_TRUE(one.ok) << one.text;
}

TEST_F(HandoversTest, ASecondPassToAnotherPeerIsRefusedAndTheFirstGoesOn) {
  pass("node3", 1);
  pass("node2", 2);
  EXPECT_EQ(node.answers,
            (std::vector<Answer>{{2, false, "VI_1 is being passed to node3 already"}}));
  node.move_to(3);
  ASSERT_EQ(node.answers.size(), 2u);
  EXPECT_TRUE(node.answers[1].ok);
}

// Node 3 was asked and is silent; node 2 asks and takes it.
TEST_F(HandoversTest, APassThatMeetsTheRequestOfAnotherNodeIsAnsweredWithWhatHappened) {
  pass("", 1);
  const std::uint64_t first = node.offer();
  node.ask(2);
  EXPECT_EQ(node.offered(), (std::vector{peer_address(3), peer_address(2)}));
  EXPECT_TRUE(node.has_sent(PairMessage::handover_done, 3));
  node.move_to(2);
  node.hear_note(3, PairMessage::handover_refused, first, "VI_1 is MASTER there");
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok) << node.answers[0].text;
  EXPECT_TRUE(node.answers[0].text.starts_with("VI_1 passed to node2"));
}

TEST_F(HandoversTest, APassToANamedPeerIsNotTurnedAsideByARequest) {
  pass("node3", 1);
  node.ask(2);
  EXPECT_EQ(node.offered(), std::vector{peer_address(3)});
  node.move_to(3);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok);
}

TEST_F(HandoversTest, AMasterThatIsOvertakenBeforeTheMoveSaysSoAndDoesNotMove) {
  pass("node2", 1);
  const std::uint64_t id = node.offer();
  node.router.hear(3, 200);
  ASSERT_EQ(node.router.instance().state(), vrrp::State::backup);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_FALSE(node.answers[0].ok);
  EXPECT_EQ(node.answers[0].text, "VI_1 is BACKUP here meanwhile, the master is 10.0.0.3");
  EXPECT_TRUE(node.has_sent(PairMessage::handover_done, 2));
  node.hear_note(2, PairMessage::handover_ready, id);
  EXPECT_FALSE(node.has_sent(PairMessage::handover_taken, 2));
}

TEST_F(HandoversTest, AStopTakesOverAPassThatHasNotBegunToMove) {
  pass("", 1);
  node.stopping = true;
  ASSERT_TRUE(node.handovers.give_at_stop(node.routers()));
  EXPECT_EQ(node.offered(), (std::vector{peer_address(3), peer_address(3)}));
  node.move_to(3);
  EXPECT_EQ(node.router.instance().state(), vrrp::State::stopped);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok);
}

TEST_F(HandoversTest, AStopWithoutAPeerAnswersThePassThatWaits) {
  node.others.clear();
  pass("", 1);
  node.stopping = true;
  EXPECT_FALSE(node.handovers.give_at_stop(node.routers()));
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "this node is stopping"}}));
  node.wait(1s);
  EXPECT_EQ(node.router.instance().state(), vrrp::State::master);
}

// It slept, say, and another one has taken over before the address could be given away.
TEST_F(HandoversTest, APlainPassOfWhatIsNoLongerHereSaysSo) {
  for (auto& one : node.others) one.is_up = false;
  pass("", 1);
  EXPECT_TRUE(node.answers.empty());
  node.router.hear(3, 200);
  node.wait(1s);
  EXPECT_EQ(
      node.answers,
      (std::vector<Answer>{{1, false, "VI_1 is BACKUP here meanwhile, the master is 10.0.0.3"}}));
}

TEST_F(HandoversTest, TheEndInTheMiddleOfAMoveLeavesNothingAndOwesNoAnswer) {
  pass("", 1);
  node.hear_note(3, PairMessage::handover_ready, node.offer());
  ASSERT_EQ(node.kept.size(), 1u);
  const std::uint64_t id = node.offer();
  node.stopping = true;
  node.handovers.end();
  EXPECT_TRUE(node.kept.empty());
  EXPECT_TRUE(node.closed);
  EXPECT_FALSE(node.handovers.is_serving());
  EXPECT_TRUE(node.has_sent(PairMessage::handover_done, 3));
  EXPECT_EQ(node.answers, (std::vector<Answer>{{1, false, "this node is stopping"}}));
  // What comes late changes nothing.
  node.hear_note(3, PairMessage::handover_ready, id);
  node.handovers.on_timer();
  EXPECT_TRUE(node.kept.empty());
  EXPECT_EQ(node.answers.size(), 1u);
}

// Whoever has the key may still be mad.
TEST(HandoversOfAPeer, AreOnlySoManyAtATime) {
  TestNode node(2);
  node.add_peer(1);
  node.router.hear(1, 100);
  HandoverScope scope;
  scope.instances = {"VI_1"};
  scope.addresses = {virtual_address};
  scope.giver = scope.sources = {net::IpAddress::ipv4(10, 0, 0, 1)};
  scope.timeout = 60s;
  for (; scope.id <= Handovers::taken_max; ++scope.id) {
    node.handovers.on_message(PairMessage::handover_offer, node.peer(1), encode_offer(scope));
  }
  EXPECT_EQ(node.handovers.taken().size(), Handovers::taken_max);
  ASSERT_EQ(node.sent.back().type, PairMessage::handover_refused);
  EXPECT_EQ(decode_note(node.sent.back().body)->why, "too many handovers are under way there");
}

TEST(HandoversOfAPeer, BringOnlySoManyConnections) {
  TestNode node(2);
  node.add_peer(1);
  node.router.hear(1, 100);
  HandoverScope scope;
  scope.id = 5;
  scope.instances = {"VI_1"};
  scope.addresses = {virtual_address};
  scope.giver = scope.sources = {net::IpAddress::ipv4(10, 0, 0, 1)};
  scope.timeout = 60s;
  node.handovers.on_message(PairMessage::handover_offer, node.peer(1), encode_offer(scope));
  node.do_work();
  FlowList list{5, false, {}};
  list.flows.resize(flows_per_message,
                    {*net::Endpoint::parse("10.1.2.3:40000"), net::Endpoint{virtual_address, 80}});
  const std::string body = encode_flows(list);
  for (std::size_t told = 0; told < 2 * moved_flows_max; told += flows_per_message) {
    node.handovers.on_message(PairMessage::handover_flows, node.peer(1), body);
    node.do_work();
    node.rules.clear();
  }
  ASSERT_EQ(node.handovers.taken().size(), 1u);
  EXPECT_EQ(node.handovers.taken()[0]->moved.size(), moved_flows_max);
}

}  // namespace
}  // namespace baton::failover
