// The text of packet rules.

#include "failover/handover_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::failover {
namespace {

using testing::HasSubstr;

const auto address = net::IpAddress::ipv4(10, 0, 0, 100);
const auto first = net::IpAddress::ipv4(10, 0, 0, 1);
const auto second = net::IpAddress::ipv4(10, 0, 0, 2);

TEST(HandoverRules, ASynIsTakenOutOfEverySetBeforeItIsAccepted) {
  const std::string text =
      caught_rules({{address, "eth0", first, 1, false}, {address, "eth0", second, 2, true}});
  const auto deleted = text.find("delete @moved4_1");
  const auto updated = text.find("update @own4_2");
  const auto accepted = text.find("== syn accept");
  ASSERT_NE(accepted, std::string::npos) << text;
  EXPECT_LT(deleted, accepted);
  EXPECT_LT(updated, accepted);
}

TEST(HandoverRules, WhatIsKnownToLiveElsewhereGoesThereBeforeTheRestGoesToTheNewestGiver) {
  const std::string text =
      caught_rules({{address, "eth0", second, 2, true}, {address, "eth0", first, 1, false}});
  const auto known = text.find("@moved4_1 fwd ip to 10.0.0.1");
  const auto rest = text.find("meta l4proto tcp fwd ip to 10.0.0.2");
  ASSERT_NE(known, std::string::npos) << text;
  ASSERT_NE(rest, std::string::npos) << text;
  EXPECT_LT(known, rest);
}

// It went to the first, came back, and went to the second.
TEST(HandoverRules, WhatTwoListsHaveGoesWhereTheNewestSays) {
  const std::string text =
      caught_rules({{address, "eth0", first, 1, false}, {address, "eth0", second, 2, false}});
  const auto older = text.find("@moved4_1 fwd ip to 10.0.0.1");
  const auto newer = text.find("@moved4_2 fwd ip to 10.0.0.2");
  ASSERT_NE(older, std::string::npos) << text;
  ASSERT_NE(newer, std::string::npos) << text;
  EXPECT_LT(newer, older);
}

TEST(HandoverRules, EveryLinkHasAChainOfItsOwn) {
  const std::string text =
      caught_rules({{address, "eth0", first, 1, false},
                    {net::IpAddress::ipv4(10, 1, 0, 100), "eth1", first, 1, false}});
  EXPECT_THAT(text, HasSubstr("hook ingress device \"eth0\""));
  EXPECT_THAT(text, HasSubstr("add rule netdev baton_handover on_eth1 ip daddr 10.1.0.100"));
}

}  // namespace
}  // namespace baton::failover
