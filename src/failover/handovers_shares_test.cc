// Several instances at once: each goes to the peer that is the best for it, and an operator who has
// asked for all of them gets one answer.

#include "failover/handovers_test_node.h"

namespace baton::failover {
namespace {

class Shares : public testing::Test {
 protected:
  void SetUp() override {
    node.add_peer(2);
    node.add_peer(3);
    node.priorities = {
        {"node2 VI_1", 90}, {"node3 VI_1", 80}, {"node2 VI_2", 80}, {"node3 VI_2", 200}};
    node.router.become_master();
    node.add_router();
    node.sent.clear();
  }
  TestRouter& second() { return *node.more.front(); }
  TestNode node{1};
};

using Offers = std::map<std::string, std::uint64_t>;

TEST_F(Shares, APassOfAllGivesEachToItsOwnBestPeerAndIsAnsweredAfterTheLast) {
  node.handovers.pass(node.routers(), "", 1);
  ASSERT_TRUE(node.offers_to(2).contains("VI_1"));
  ASSERT_TRUE(node.offers_to(3).contains("VI_2"));
  node.move_to(2, node.offers_to(2).at("VI_1"), node.router);
  EXPECT_TRUE(node.answers.empty());
  node.move_to(3, node.offers_to(3).at("VI_2"), second());
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok);
  EXPECT_TRUE(node.answers[0].text.starts_with("VI_1 passed to node2")) << node.answers[0].text;
  EXPECT_TRUE(node.answers[0].text.contains("; VI_2 passed to node3")) << node.answers[0].text;
}

TEST_F(Shares, OneThatFailsMakesTheWholeAnswerANo) {
  node.handovers.pass(node.routers(), "", 1);
  node.move_to(2, node.offers_to(2).at("VI_1"), node.router);
  node.hear_note(3, PairMessage::handover_refused, node.offers_to(3).at("VI_2"), "no");
  EXPECT_TRUE(node.answers.empty());
  node.hear_note(2, PairMessage::handover_refused, node.offers_to(2).at("VI_2"), "FAULT there");
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_FALSE(node.answers[0].ok);
  EXPECT_TRUE(node.answers[0].text.ends_with("; FAULT there")) << node.answers[0].text;
}

TEST_F(Shares, WhatOnePeerIsBestForGoesInOneMove) {
  node.priorities["node2 VI_2"] = 250;
  node.handovers.pass(node.routers(), "", 1);
  EXPECT_EQ(node.offers_to(2).size(), 1u);
  EXPECT_TRUE(node.offers_to(2).contains("VI_1 VI_2"));
  EXPECT_TRUE(node.offers_to(3).empty());
}

TEST_F(Shares, ANamedPeerGetsAll) {
  node.handovers.pass(node.routers(), "node3", 1);
  EXPECT_TRUE(node.offers_to(3).contains("VI_1 VI_2"));
  EXPECT_TRUE(node.offers_to(2).empty());
}

TEST_F(Shares, APassOfAllJoinsTheMoveOfOneAndIsAnsweredForBoth) {
  node.handovers.pass({&node.router}, "", 1);
  node.handovers.pass(node.routers(), "", 2);
  EXPECT_EQ(node.offered(), (std::vector{peer_address(2), peer_address(3)}));
  node.move_to(2, node.offers_to(2).at("VI_1"), node.router);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_EQ(node.answers[0].ticket, 1u);
  node.move_to(3, node.offers_to(3).at("VI_2"), second());
  ASSERT_EQ(node.answers.size(), 2u);
  EXPECT_EQ(node.answers[1].ticket, 2u);
  EXPECT_TRUE(node.answers[1].ok) << node.answers[1].text;
}

TEST_F(Shares, AStopGivesEachToItsOwnBestPeerAndAnswersThePassThatItReplaces) {
  node.handovers.pass(node.routers(), "node3", 1);
  node.sent.clear();
  node.stopping = true;
  ASSERT_TRUE(node.handovers.give_at_stop(node.routers()));
  ASSERT_TRUE(node.offers_to(2).contains("VI_1"));
  ASSERT_TRUE(node.offers_to(3).contains("VI_2"));
  node.move_to(2, node.offers_to(2).at("VI_1"), node.router);
  node.move_to(3, node.offers_to(3).at("VI_2"), second());
  EXPECT_EQ(node.router.instance().state(), vrrp::State::stopped);
  EXPECT_EQ(second().instance().state(), vrrp::State::stopped);
  ASSERT_EQ(node.answers.size(), 1u);
  EXPECT_TRUE(node.answers[0].ok);
}

// A better node takes one of two while both are offered to another: the second is offered again.
TEST_F(Shares, AtAStopWhatIsOvertakenDoesNotCostTheOthersTheirMove) {
  node.priorities["node2 VI_2"] = 250;
  node.stopping = true;
  ASSERT_TRUE(node.handovers.give_at_stop(node.routers()));
  node.router.hear(3, 255);
  ASSERT_EQ(node.router.instance().state(), vrrp::State::backup);
  ASSERT_TRUE(node.offers_to(2).contains("VI_2"));
  node.move_to(2, node.offers_to(2).at("VI_2"), second());
  node.wait(1s);
  EXPECT_EQ(node.router.instance().state(), vrrp::State::stopped);
  EXPECT_EQ(second().instance().state(), vrrp::State::stopped);
}

}  // namespace
}  // namespace baton::failover
