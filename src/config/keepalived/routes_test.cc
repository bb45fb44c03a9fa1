// virtual_routes, virtual_rules and the static_ family.

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class RoutesTest : public LoadTest {
 protected:
  // The only route that `line` gives; nothing when it is left out.
  std::optional<Route> route(const std::string& line) {
    sources_ = SourceTree::from_disk();  // which would remember the last test's file
    const auto model = load_text(instance_with("virtual_routes {\n " + line + "\n}"));
    if (!model || model->instances[0].routes.empty()) return std::nullopt;
    return model->instances[0].routes[0];
  }
  std::optional<RoutingRule> rule(const std::string& line) {
    sources_ = SourceTree::from_disk();
    const auto model = load_text(instance_with("virtual_rules {\n " + line + "\n}"));
    if (!model || model->instances[0].rules.empty()) return std::nullopt;
    return model->instances[0].rules[0];
  }
};

TEST_F(RoutesTest, ARouteInTheWordsOfTheManual) {
  const auto found = route("src 192.168.100.1 to 192.168.109.0/24 via 192.168.200.254 dev eth1");
  ASSERT_TRUE(found) << everything();
  EXPECT_EQ(found->destination.text(), "192.168.109.0/24");
  EXPECT_EQ(found->preferred_source->text(), "192.168.100.1");
  ASSERT_EQ(found->hops.size(), 1u);
  EXPECT_EQ(found->hops[0].gateway->text(), "192.168.200.254");
  EXPECT_EQ(found->hops[0].device, "eth1");
  EXPECT_EQ(found->table, static_cast<std::uint32_t>(RT_TABLE_MAIN));
  EXPECT_EQ(found->protocol, 18);
  EXPECT_TRUE(found->tracked);
}

TEST_F(RoutesTest, MetricsLocksAndTimes) {
  const auto found = route(
      "10.0.0.0/8 dev e0 table 690 tos 0x04 scope link priority 12 mtu 1000 ssthresh lock 107 "
      "rtt 300ms rttvar 1.5s rto_min 100 features ecn congctl lock cubic");
  ASSERT_TRUE(found) << everything();
  EXPECT_EQ(found->table, 690u);
  EXPECT_EQ(found->tos, 4);
  EXPECT_EQ(found->scope, RT_SCOPE_LINK);
  EXPECT_EQ(found->priority, 12u);
  const auto& metrics = found->metrics;
  EXPECT_EQ(metrics.at(RTAX_MTU), 1000u);
  EXPECT_EQ(metrics.at(RTAX_SSTHRESH), 107u);
  EXPECT_EQ(metrics.at(RTAX_LOCK), (1u << RTAX_SSTHRESH) | (1u << RTAX_CC_ALGO));
  EXPECT_EQ(metrics.at(RTAX_RTT), 2400u) << "eighths of milliseconds";
  EXPECT_EQ(metrics.at(RTAX_RTTVAR), 6000u) << "quarters of milliseconds";
  EXPECT_EQ(metrics.at(RTAX_RTO_MIN), 200u);
  EXPECT_TRUE(says(Severity::warning, "rto_min value 100 below minimum 200ms, resetting"));
  EXPECT_EQ(found->congestion_control, "cubic");
}

TEST_F(RoutesTest, SeveralNextHopsInBothWaysOfWritingThem) {
  const auto modern = route(
      "10.0.0.0/8 nexthop via 10.9.0.1 dev e0 weight 2 nexthop via 10.9.0.2 onlink weight 256");
  ASSERT_TRUE(modern) << everything();
  EXPECT_TRUE(modern->multipath);
  ASSERT_EQ(modern->hops.size(), 2u);
  EXPECT_EQ(modern->hops[0].weight, 2);
  EXPECT_TRUE(modern->hops[1].onlink);
  EXPECT_EQ(modern->hops[1].weight, 256);
  const auto old = route("10.0.0.0/8 via 10.9.0.1 or 10.9.0.2");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->hops.size(), 2u);
  EXPECT_TRUE(says(Severity::warning, "\"or\" for routes is deprecated"));
}

TEST_F(RoutesTest, TypesDefaultsAndFamilies) {
  EXPECT_EQ(route("blackhole 10.0.0.0/8")->type, RTN_BLACKHOLE);
  EXPECT_EQ(route("default via 10.9.0.1")->destination.text(), "0.0.0.0/0");
  EXPECT_EQ(route("default via fe80::1 dev e0")->destination.text(), "::/0");
  EXPECT_EQ(route("2001:db8::/64 dev e0 pref high")->preference, 1);
  EXPECT_EQ(route("2001:db8::/64 dev e0 expires 30")->expires_s, 30u);
  EXPECT_FALSE(route("2001:db8::/64 dev e0 expires 30")->tracked) << "it goes by itself";
  EXPECT_EQ(route("local 10.0.0.1 dev lo")->scope, RT_SCOPE_HOST);
  EXPECT_FALSE(route("10.0.0.0/8 dev e0 no_track")->tracked);
}

TEST_F(RoutesTest, LinesThatMeanNothingAreLeftOutAsKeepalivedDoes) {
  for (const char* line :
       {"10.0.0/8 dev e0", "10.0.0.0/8 dev e0 nonsense", "10.0.0.0/8 via 10.9.0.1 dev e0 tos 256",
        "10.0.0.0/8 dev e0 table foo", "10.0.0.0/8 dev e0 proto static", "via 10.9.0.1",
        "10.0.0.0/8 dev e0 mtu x", "10.0.0.0/8 dev e0 hoplimit 256", "10.0.0.0/8 dev e0 realm 4",
        "10.0.0.0/8 dev e0 features foo", "10.0.0.0/8 dev e0 quickack 2",
        "10.0.0.0/8 dev e0 expires 30", "10.0.0.0/8 dev e0 pref high", "10.0.0.0/8 src 2001:db8::1",
        "from 10.0.0.0/8 10.1.0.0/16 dev e0", "10.0.0.0/8 nexthop via 10.9.0.1 weight 0",
        "10.0.0.0/8 dev e0 track_group G"}) {
    problems_ = Diagnostics();
    EXPECT_FALSE(route(line)) << line;
    EXPECT_FALSE(problems_.failed()) << line;
    EXPECT_GE(problems_.count(Severity::error), 1u) << line;
  }
}

TEST_F(RoutesTest, AMissingValueAndWhatBatonLacksAreErrors) {
  EXPECT_FALSE(route("10.0.0.0/8 via"));
  EXPECT_TRUE(refuses("is missing a parameter after keyword `via` at word position 3"));
  EXPECT_FALSE(route("10.0.0.0/8 encap mpls 100 via 10.9.0.1"));
  EXPECT_TRUE(refuses("'encap' of a route"));
}

TEST_F(RoutesTest, ATrackedRouteHasTheProtocolOfKeepalived) {
  EXPECT_EQ(route("10.0.0.0/8 dev e0 protocol static")->protocol, 18);
  EXPECT_TRUE(says(Severity::warning, "resetting protocol"));
  EXPECT_EQ(route("10.0.0.0/8 dev e0 protocol static no_track")->protocol, RTPROT_STATIC);
}

TEST_F(RoutesTest, ARuleInTheWordsOfTheManual) {
  const auto found = rule(
      "from 192.168.28.0/24 to 192.168.29.0/26 table 200 iif p33p1 oif wlan0 tos 0x10 fwmark 24/12 "
      "preference 39 realms 30/20 ipproto UDP sport 10-20 dport 80 uidrange 1-2");
  ASSERT_TRUE(found) << everything();
  EXPECT_EQ(found->from->text(), "192.168.28.0/24");
  EXPECT_EQ(found->to->text(), "192.168.29.0/26");
  EXPECT_EQ(found->table, 200u);
  EXPECT_EQ(found->in_device, "p33p1");
  EXPECT_EQ(found->out_device, "wlan0");
  EXPECT_EQ(found->mark, 24u);
  EXPECT_EQ(found->mark_mask, 12u);
  EXPECT_EQ(found->priority, 39u);
  EXPECT_EQ(found->realms, (30u << 16) | 20u);
  EXPECT_EQ(found->ip_protocol, 17);
  EXPECT_EQ(found->source_ports, std::pair(std::uint16_t{10}, std::uint16_t{20}));
  EXPECT_EQ(found->destination_ports, std::pair(std::uint16_t{80}, std::uint16_t{80}));
  EXPECT_EQ(found->users, std::pair(1u, 2u));
  EXPECT_EQ(found->action, FR_ACT_TO_TBL);
}

TEST_F(RoutesTest, RulesHaveOneActionEach) {
  EXPECT_EQ(rule("not from 10.0.0.0/8 blackhole priority 3")->action, FR_ACT_BLACKHOLE);
  EXPECT_EQ(rule("from 10.0.0.0/8 type prohibit priority 3")->action, FR_ACT_PROHIBIT);
  EXPECT_EQ(rule("from 10.0.0.0/8 goto 50 preference 10")->target, 50u);
  EXPECT_TRUE(rule("from 10.0.0.0/8 l3mdev priority 3")->l3mdev);
  EXPECT_EQ(rule("inet6 fwmark 4 table 5 priority 3")->family, net::Family::ipv6);
  EXPECT_FALSE(rule("from all table 5 preference 3")->from);
}

TEST_F(RoutesTest, RulesThatMeanNothingAreLeftOutAsKeepalivedDoes) {
  for (const char* line :
       {"from 10.0.0.0/8", "from 10.0.0.0/8 table foo", "from 10.0.0.0/8 table 5 prio 3",
        "from 10.0.0.0/8 table 0", "from 10.0.0.0/8 goto 50",
        "from 10.0.0.0/8 goto 5 preference 10", "from 10.0.0.0/8 nat 10.0.0.1",
        "from 10.0.0.0/8 table 5 ip_proto UDP", "from 10.0.0.0/8 table 5 l3mdev",
        "from 10.0.0.0/8 table 5 tun_id 5", "from 10.0.0.0/8 prohibit table 5",
        "from 2001:db8::/32 to 10.0.0.0/8 table 5", "from 10.0.0.0/8 table 5 fwmark x",
        "from 10.0.0.0/8 table 5 preference x", "from 10.0.0.0/8 table 5 sport 20-10"}) {
    problems_ = Diagnostics();
    EXPECT_FALSE(rule(line)) << line;
    EXPECT_FALSE(problems_.failed()) << line;
  }
}

TEST_F(RoutesTest, RulesWithoutAPreferenceGetOneThatCountsDown) {
  const auto model = load_text("static_rules {\n from 10.0.0.0/8 table 1\n}\n" +
                               instance_with("virtual_rules {\n from 10.1.0.0/16 table 1\n to "
                                             "10.1.0.0/16 table 1 no_track\n}"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->statics.rules[0].priority, 16384u);
  EXPECT_EQ(model->instances[0].rules[0].priority, 16383u);
  EXPECT_EQ(model->instances[0].rules[1].priority, 16382u);
  EXPECT_EQ(model->instances[0].rules[1].protocol, 0) << "as keepalived has it";
  EXPECT_TRUE(says(Severity::warning, "Rule has no preference specified - setting to 16384"));
}

TEST_F(RoutesTest, StaticThingsAndWhoDependsOnThem) {
  const auto model = load_text(
      "global_defs {\n default_interface eth7\n}\n"
      "track_group G {\n group {\n VI_1\n nobody\n }\n}\n"
      "static_ipaddress {\n 10.7.7.7/24 track_group G\n 10.7.7.8/24 dev eth1\n}\n"
      "static_routes {\n 10.99.0.0/16 via 10.7.7.1 dev eth1 track_group G\n}\n"
      "static_rules {\n from 10.99.0.0/16 table 100 priority 9 track_group H\n}\n" +
      instance_with(""));
  ASSERT_TRUE(model) << everything();
  const Statics& statics = model->statics;
  ASSERT_EQ(statics.addresses.size(), 2u);
  EXPECT_EQ(statics.addresses[0].address.device, "eth7");
  EXPECT_EQ(statics.addresses[0].track_group, "G");
  EXPECT_EQ(statics.addresses[1].address.device, "eth1");
  EXPECT_EQ(statics.routes.at(0).track_group, "G");
  ASSERT_EQ(statics.groups.size(), 1u);
  EXPECT_EQ(statics.groups[0].members, std::vector<std::uint32_t>{0});
  EXPECT_TRUE(tolerates("vrrp instance nobody specified in static track group G doesn't exist"));
  EXPECT_TRUE(tolerates("track_group H not found"));
}

}  // namespace
}  // namespace baton::config::keepalived
