// Packets for the old owner of an address, without a link to agree about them.

#include <gmock/gmock.h>

#include "failover/handovers_test_node.h"

namespace baton::failover {
namespace {

using testing::HasSubstr;

constexpr const char* to_node_2 = "ip daddr 10.0.0.100 meta l4proto tcp fwd ip to 10.0.0.2";

class HandoverStragglersTest : public testing::Test {
 protected:
  void SetUp() override {
    node.router.obey(vrrp::event::MasterWatched{net::IpAddress::ipv4(10, 0, 0, 2), 40ms});
  }
  void take_over() {
    node.time = node.router.instance().deadline();
    node.router.obey(vrrp::event::TimerDue{});
    ASSERT_EQ(node.router.instance().state(), vrrp::State::master);
  }
  TestNode node{1};
};

TEST_F(HandoverStragglersTest, AreSentToTheMasterThatSaysGoodbyeUntilItHasLetGo) {
  node.router.hear(2, 120);
  node.do_work();
  EXPECT_EQ(node.rules, "") << "who is followed goes nowhere";
  node.router.hear(2, 0);
  node.do_work();
  EXPECT_THAT(node.rules, HasSubstr(to_node_2));
  EXPECT_THAT(node.rules, HasSubstr("== syn accept"));
  take_over();
  node.rules.clear();
  node.wait(vrrp::handover_linger + 10ms);
  EXPECT_EQ(node.rules, "");
  node.wait(100ms);
  EXPECT_THAT(node.rules, HasSubstr("delete chain netdev baton_handover on_eth0"));
  EXPECT_THAT(node.rules, HasSubstr("delete set netdev baton_handover own4_0"));
  EXPECT_THAT(node.rules, HasSubstr("delete table netdev baton_handover"));
}

TEST_F(HandoverStragglersTest, AreSentToTheMasterThatIsPreempted) {
  node.time += 100ms;
  node.router.hear(2, 50);
  node.do_work();
  EXPECT_THAT(node.rules, HasSubstr(to_node_2));
  take_over();
  node.rules.clear();
  node.wait(1s);
  EXPECT_THAT(node.rules, HasSubstr("delete table netdev baton_handover"));
}

TEST_F(HandoverStragglersTest, AreNotExpectedAnyMoreWhenTheOldMasterIsFollowedAgain) {
  node.time += 100ms;
  node.router.hear(2, 50);
  node.do_work();
  node.rules.clear();
  node.router.hear(2, 120);
  node.wait(1ms);
  EXPECT_THAT(node.rules, HasSubstr("delete table netdev baton_handover"));
}

TEST_F(HandoverStragglersTest, AreNotExpectedFromOneWhoIsLost) {
  node.router.hear(2, 120);
  node.router.obey(vrrp::event::MasterLost{net::IpAddress::ipv4(10, 0, 0, 2), 150ms});
  node.do_work();
  EXPECT_EQ(node.rules, "");
}

TEST_F(HandoverStragglersTest, AreNotExpectedFromARouterThatIsNoBaton) {
  node.router.hear(3, 120);
  node.router.hear(3, 0);
  node.do_work();
  EXPECT_EQ(node.rules, "");
}

TEST_F(HandoverStragglersTest, AreTheHandoversBusinessWhenThereIsALink) {
  node.add_peer(2);
  node.router.hear(2, 120);
  node.router.hear(2, 0);
  node.do_work();
  EXPECT_EQ(node.rules, "");
}

}  // namespace
}  // namespace baton::failover
