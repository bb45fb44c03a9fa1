// A second move among three nodes, while the first giver still serves.

#include "failover/handovers_test_node.h"

namespace baton::failover {
namespace {

Flow flow_of(std::uint8_t client) {
  return {{net::IpAddress::ipv4(192, 0, 2, client), 4000}, {virtual_address, 443}};
}

// Node 2 has given to this one, which gives to node 3.
class SecondMove : public testing::Test {
 protected:
  void SetUp() override {
    node.add_peer(2);
    node.add_peer(3);
    HandoverScope scope{5, {"VI_1"}, {virtual_address}, {net::IpAddress::ipv4(10, 0, 0, 2)}};
    node.handovers.on_message(PairMessage::handover_offer, node.peer(2), encode_offer(scope));
    node.do_work();
    node.hear_note(2, PairMessage::handover_taken, 5);
    ASSERT_EQ(node.router.instance().state(), vrrp::State::master);
  }
  void list(bool last, std::vector<Flow> flows) {
    node.handovers.on_message(PairMessage::handover_flows, node.peer(2),
                              encode_flows({5, last, std::move(flows)}));
    node.do_work();
  }
  void give() {
    node.handovers.pass(node.routers(), "node3", 1);
    node.move_to(3);
  }
  // What node 3 was told, and whether that was all.
  std::pair<std::vector<Flow>, bool> told() {
    std::pair<std::vector<Flow>, bool> all;
    for (const auto& one : node.sent) {
      if (one.type != PairMessage::handover_flows) continue;
      const auto list = decode_flows(one.body);
      all.first.insert(all.first.end(), list->flows.begin(), list->flows.end());
      all.second |= list->last;
    }
    return all;
  }
  TestNode node{1};
};

TEST_F(SecondMove, TellsTheThirdNodeOfConnectionsThatTheFirstServesAndStaysForThem) {
  list(true, {flow_of(1), flow_of(2)});
  give();
  node.wait(3s);
  const auto [flows, all] = told();
  EXPECT_EQ(flows.size(), 2u);
  EXPECT_TRUE(all);
  EXPECT_TRUE(node.handovers.is_serving());
  // The first one has no more.
  node.hear_note(2, PairMessage::handover_done, 5);
  node.wait(5s);
  EXPECT_FALSE(node.handovers.is_serving());
  EXPECT_TRUE(node.has_sent(PairMessage::handover_done, 3));
}

TEST_F(SecondMove, TheLastListWaitsForTheLastListOfTheFirst) {
  give();
  node.wait(3s);
  EXPECT_FALSE(told().second);
  list(true, {flow_of(1)});
  node.wait(100ms);
  const auto [flows, all] = told();
  EXPECT_EQ(flows, std::vector{flow_of(1)});
  EXPECT_TRUE(all);
}

// Two links: an advert of the giver has not come yet on the one of this instance.
TEST_F(SecondMove, ConnectionsGoToTheGiversAddressOnTheLinkOfTheInstance) {
  node.router.hear(2, 200);
  ASSERT_EQ(node.router.instance().state(), vrrp::State::backup);
  HandoverScope scope{6, {"VI_1"}, {virtual_address}, {net::IpAddress::ipv4(10, 7, 0, 3)}};
  scope.giver.push_back(net::IpAddress::ipv4(10, 0, 0, 3));
  scope.sources = {net::IpAddress::ipv4(10, 0, 0, 3)};
  node.rules.clear();
  node.handovers.on_message(PairMessage::handover_offer, node.peer(3), encode_offer(scope));
  node.do_work();
  EXPECT_TRUE(node.rules.contains("fwd ip to 10.0.0.3 ")) << node.rules;
  EXPECT_FALSE(node.rules.contains("10.7.0.3"));
}

}  // namespace
}  // namespace baton::failover
