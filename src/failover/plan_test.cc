// From the model to the machine's settings.

#include "failover/plan.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

config::Failover make_config() {
  config::Failover config;
  config::VrrpInstance instance;
  instance.name = "VI_1";
  instance.interface = "ens33";
  instance.virtual_router_id = 55;
  instance.auth = config::VrrpAuth::password;
  instance.password = "1234";
  config::VirtualAddress address;
  address.prefix = *net::Prefix::parse("192.168.175.100");
  instance.addresses.push_back(address);
  config.instances.push_back(instance);
  return config;
}

TEST(Plan, TutorialsInstance) {
  const Plan plan = make_plan(make_config(), 0, false);
  EXPECT_EQ(plan.settings.virtual_router_id, 55);
  EXPECT_EQ(plan.settings.password, vrrp::make_password("1234"));
  ASSERT_EQ(plan.held.size(), 1u);
  EXPECT_EQ(plan.held[0].device, "ens33");
  EXPECT_EQ(plan.held[0].prefix.text(), "192.168.175.100/32");
  ASSERT_EQ(plan.settings.trackers.size(), 1u);
  EXPECT_EQ(plan.settings.trackers[0].name, "interface ens33");
}

TEST(Plan, ExcludedAddressesAreHeldButNotAdvertised) {
  auto config = make_config();
  config::VirtualAddress other;
  other.prefix = *net::Prefix::parse("10.0.0.1/24");
  config.instances[0].excluded_addresses.push_back(other);
  const Plan plan = make_plan(config, 0, false);
  EXPECT_EQ(plan.held.size(), 2u);
  EXPECT_EQ(plan.settings.addresses.size(), 1u);
}

TEST(Plan, WatchesEachInterfaceOnceAndTheProxyLast) {
  auto config = make_config();
  auto& instance = config.instances[0];
  instance.addresses.push_back(instance.addresses[0]);
  instance.addresses[1].device = "ens34";
  instance.tracked_interfaces.push_back({"ens34", 0, false, {}});
  instance.tracked_interfaces.push_back({"ens35", -20, false, {}});
  config::VrrpScript script;
  script.name = "chk";
  config.scripts.push_back(script);
  instance.tracked_scripts.push_back({0, 10, false});
  const Plan plan = make_plan(config, 0, true);
  std::vector<std::string> names;
  for (const auto& tracker : plan.settings.trackers) names.push_back(tracker.name);
  EXPECT_EQ(names, (std::vector<std::string>{"interface ens33", "interface ens34",
                                             "interface ens35", "script chk", "proxy"}));
  EXPECT_EQ(plan.settings.trackers[2].weight, -20);
  EXPECT_EQ(plan.watched.size(), names.size());
  EXPECT_EQ(plan.watched[4].kind, Watched::Kind::proxy);
}

TEST(Plan, DontTrackPrimaryLeavesTheOwnInterfaceOut) {
  auto config = make_config();
  config.instances[0].track_primary_interface = false;
  EXPECT_TRUE(make_plan(config, 0, false).settings.trackers.empty());
}

TEST(Plan, WantingToBeMasterOverrulesNopreemptAndItsDelay) {
  auto config = make_config();
  config.instances[0].nopreempt = true;
  EXPECT_TRUE(make_plan(config, 0, false).settings.nopreempt);
  config.instances[0].wants_master = true;
  config.instances[0].preempt_delay = 5s;
  EXPECT_FALSE(make_plan(config, 0, false).settings.nopreempt);
  EXPECT_EQ(make_plan(config, 0, false).settings.preempt_delay, 0s);
}

TEST(Plan, ComputedBroadcastIsTheLastAddressOfThePrefix) {
  auto config = make_config();
  auto& address = config.instances[0].addresses[0];
  address.prefix = *net::Prefix::parse("10.9.2.7/23");
  address.broadcast_computed = true;
  EXPECT_EQ(make_plan(config, 0, false).held[0].broadcast->text(), "10.9.3.255");
}

TEST(Plan, MemberKnowsItsSyncGroup) {
  auto config = make_config();
  config.instances.push_back(config.instances[0]);
  config.sync_groups.emplace_back().name = "G";
  config.sync_groups.back().members = {1};
  EXPECT_FALSE(find_unsupported(config));
  EXPECT_EQ(make_plan(config, 0, false).settings.sync_group, "");
  EXPECT_EQ(make_plan(config, 1, false).settings.sync_group, "G");
}

TEST(Plan, AnIpv6InstanceHasTheIpv6Group) {
  auto config = make_config();
  config.instances[0].wire.family = net::Family::ipv6;
  config.instances[0].version = 3;
  config.instances[0].addresses[0].prefix = *net::Prefix::parse("fd00::1");
  EXPECT_FALSE(find_unsupported(config));
  const Plan plan = make_plan(config, 0, false);
  EXPECT_EQ(plan.identity.multicast_group.text(), "ff02::12");
  EXPECT_EQ(plan.settings.family, net::Family::ipv6);
  config.instances[0].wire.multicast_group = net::IpAddress::parse("ff02::99");
  EXPECT_EQ(make_plan(config, 0, false).identity.multicast_group.text(), "ff02::99");
}

TEST(AnnouncePacing, ShareOneLaneInAGroup) {
  auto config = make_config();
  config.garp_interval = 1ms;
  config.wire.gna_interval = 2ms;
  config.wire.garp_groups.push_back({100ms, {}, {"e1", "e2"}});
  const AnnouncePacing pacing(config);
  EXPECT_EQ(pacing.pause("e1", net::Family::ipv4).lane, pacing.pause("e2", net::Family::ipv6).lane);
  EXPECT_EQ(pacing.pause("e1", net::Family::ipv4).interval, 100ms);
  EXPECT_EQ(pacing.pause("e1", net::Family::ipv6).interval, 2ms);
  EXPECT_EQ(pacing.pause("e3", net::Family::ipv4).lane, "e3");
  EXPECT_EQ(pacing.pause("e3", net::Family::ipv4).interval, 1ms);
}

}  // namespace
}  // namespace baton::failover
