// Facts of two configurations against each other.

#include "failover/node_facts.h"

#include <gtest/gtest.h>

#include <memory>

namespace baton::failover {
namespace {

config::Failover node(std::uint8_t priority) {
  config::Failover config;
  config.router_id = "lb";
  config::VrrpInstance instance;
  instance.name = "VI_1";
  instance.virtual_router_id = 51;
  instance.priority = priority;
  instance.auth = config::VrrpAuth::password;
  instance.password = "1111";
  instance.where.file = std::make_shared<const std::string>("k.conf");
  instance.where.line = 3;
  instance.addresses.emplace_back();
  instance.addresses[0].prefix = *net::Prefix::parse("10.9.0.100");
  config::Position place = instance.where;
  place.line = 7;
  instance.places["advert_int"] = {place, "advert_int 1"};
  config.instances.push_back(instance);
  return config;
}

std::vector<Disagreement> between(const config::Failover& a, const config::Failover& b) {
  const auto sent = NodeFacts::decode(facts_of(b).encode());
  EXPECT_TRUE(sent);
  return compare(facts_of(a), *sent);
}

TEST(NodeFacts, APairThatFitsHasNothingToSay) {
  EXPECT_TRUE(between(node(100), node(80)).empty());
}

TEST(NodeFacts, NamesTheLinesOfBothNodes) {
  auto other = node(80);
  other.instances[0].advert_interval = 2s;
  other.instances[0].places["advert_int"].text = "advert_int 2";
  const auto found = between(node(100), other);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].keyword, "advert_int");
  EXPECT_EQ(found[0].ours, "k.conf:7: advert_int 1");
  EXPECT_EQ(found[0].theirs, "k.conf:7: advert_int 2");
  EXPECT_EQ(found[0].text, "1 s here, 2 s there");
}

TEST(NodeFacts, EqualPrioritiesAreAMistake) {
  const auto found = between(node(100), node(100));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].keyword, "priority");
  EXPECT_EQ(found[0].ours, "k.conf:3: (no priority)");
}

TEST(NodeFacts, OtherNamesAndOtherDetectionAreMistakes) {
  auto other = node(80);
  other.instances[0].name = "VI_X";
  other.fast_failover.interval = 10ms;
  const auto found = between(node(100), other);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].keyword, "vrrp_instance");
  EXPECT_TRUE(found[0].text.starts_with("it is called VI_X there")) << found[0].text;
  EXPECT_EQ(found[1].keyword, "fast_failover");
  EXPECT_EQ(found[1].text, "50ms 3 here, 10ms 3 there");
}

TEST(NodeFacts, PasswordsAreComparedAndNeverTold) {
  auto other = node(80);
  other.instances[0].password = "2222";
  EXPECT_EQ(facts_of(other).encode().find("2222"), std::string::npos);
  const auto found = between(node(100), other);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].keyword, "auth_pass");
}

TEST(NodeFacts, OneSidedNopreemptAndOtherAddressesAreMistakes) {
  auto other = node(80);
  other.instances[0].nopreempt = true;
  other.instances[0].addresses.emplace_back();
  other.instances[0].addresses[1].prefix = *net::Prefix::parse("10.9.0.101");
  const auto found = between(node(100), other);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].keyword, "nopreempt");
  EXPECT_EQ(found[1].text, "10.9.0.100 here, 10.9.0.100 10.9.0.101 there");
}

TEST(NodeFacts, AnInstanceThatTheOtherHasNotIsToldOf) {
  auto other = node(80);
  other.instances.clear();
  EXPECT_EQ(between(node(100), other).size(), 1u);
}

TEST(NodeFacts, GarbageIsRefused) {
  for (const char* text : {"", "7", "{}", "{\"instances\":7}", "{\"instances\":[7]}",
                           "{\"instances\":[{\"vrid\":-1,\"facts\":{}}]}",
                           "{\"instances\":[{\"vrid\":1,\"facts\":{\"a\":7}}]}"}) {
    EXPECT_FALSE(NodeFacts::decode(text)) << text;
  }
}

TEST(NodeFacts, EveryTruncationIsRefused) {
  const std::string whole = facts_of(node(100)).encode();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(NodeFacts::decode(std::string_view(whole).substr(0, length)));
  }
}

}  // namespace
}  // namespace baton::failover
