// Keywords about packets and announcements.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class WireTest : public LoadTest {
 protected:
  Wire wire_of(const std::string& lines) {
    // Sources are read once: each text is a file of its own.
    const auto model = load_file(write(std::to_string(++files_), instance_with(lines)));
    return model ? model->instances.at(0).wire : Wire{};
  }
  int files_ = 0;
};

TEST_F(WireTest, DefaultsAreThoseOfTheModel) {
  const Wire wire = wire_of("priority 100");
  EXPECT_EQ(wire.family, net::Family::ipv4);
  EXPECT_FALSE(wire.multicast_group);
  EXPECT_EQ(wire.unicast_ttl, 255);
  EXPECT_EQ(wire.unicast_checksum, UnicastChecksum::automatic);
  EXPECT_FALSE(wire.checksum_as_version2 || wire.fault_without_peers || wire.track_source);
  EXPECT_FALSE(wire.lower_priority_no_advert || wire.owner_ignores_adverts);
  EXPECT_EQ(everything(), "");
}

TEST_F(WireTest, EveryWordOfAnInstanceIsTaken) {
  const Wire wire = wire_of(
      "version 3\nunicast_peer {\n10.0.0.9\n}\nunicast_ttl 20\nold_unicast_checksum\n"
      "v3_checksum_as_v2\ntrack_src_ip\nlower_prio_no_advert\nowner_ignore_adverts on\n"
      "promote_secondaries");
  EXPECT_EQ(wire.unicast_ttl, 20);
  EXPECT_EQ(wire.unicast_checksum, UnicastChecksum::old);
  EXPECT_TRUE(wire.checksum_as_version2 && wire.track_source && wire.lower_priority_no_advert);
  EXPECT_TRUE(wire.owner_ignores_adverts && wire.promote_secondaries);
  EXPECT_EQ(everything(), "");
}

TEST_F(WireTest, AnInstanceMayHaveItsOwnMulticastGroup) {
  EXPECT_EQ(wire_of("mcast_dst_ip 224.0.0.99").multicast_group->text(), "224.0.0.99");
  EXPECT_FALSE(wire_of("mcast_dst_ip 10.0.0.1").multicast_group);
  EXPECT_TRUE(tolerates("(VI_1) mcast_dst_ip 10.0.0.1 not multicast. Skipping..."));
}

TEST_F(WireTest, NativeIpv6DecidesTheFamily) {
  const auto model = load_text(instance_with("native_ipv6"));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->instances[0].wire.family, net::Family::ipv6);
  EXPECT_TRUE(model->instances[0].addresses.empty());
  EXPECT_TRUE(tolerates("address family must match VRRP instance [10.0.0.1] - ignoring"));
}

TEST_F(WireTest, ATtlWithoutPeersAndAnUnknownChecksumModeAreTold) {
  const Wire wire = wire_of("unicast_ttl 20\nold_unicast_checksum sometimes");
  EXPECT_EQ(wire.unicast_ttl, 255);
  EXPECT_EQ(wire.unicast_checksum, UnicastChecksum::automatic);
  EXPECT_TRUE(tolerates("Cannot use unicast_ttl without unicast peers - resetting"));
  EXPECT_TRUE(tolerates("Unknown old_unicast_chksum mode sometimes - ignoring"));
}

TEST_F(WireTest, PeersEndTheFaultOfHavingNone) {
  EXPECT_TRUE(wire_of("unicast_fault_no_peer").fault_without_peers);
  EXPECT_FALSE(wire_of("unicast_fault_no_peer\nunicast_peer {\n10.0.0.9\n}").fault_without_peers);
}

TEST_F(WireTest, StrictModeLeavesLowerPrioritiesUnanswered) {
  EXPECT_TRUE(wire_of("strict_mode on").lower_priority_no_advert);
  EXPECT_FALSE(wire_of("strict_mode on\nlower_prio_no_advert off").lower_priority_no_advert);
}

TEST_F(WireTest, GlobalWordsAreDefaultsOfInstances) {
  const auto model = load_text(
      "global_defs {\nvrrp_mcast_group6 ff02::34\nvrrp_gna_interval 0.002\n"
      "vrrp_garp_interval 0.001\nvrrp_owner_ignore_adverts\nvrrp_lower_prio_no_advert\n"
      "log_unknown_vrids\n}\n" +
      instance_with(""));
  ASSERT_TRUE(model);
  EXPECT_EQ(model->wire.multicast_group6.text(), "ff02::34");
  EXPECT_EQ(model->wire.gna_interval, 2ms);
  EXPECT_EQ(model->garp_interval, 1ms);
  EXPECT_TRUE(model->wire.log_unknown_router_ids);
  EXPECT_TRUE(model->instances[0].wire.owner_ignores_adverts);
  EXPECT_TRUE(model->instances[0].wire.lower_priority_no_advert);
  EXPECT_EQ(everything(), "");
}

TEST_F(WireTest, AnInterfaceIsInOneGarpGroupOnly) {
  const auto model = load_text(
      "garp_group {\ngarp_interval 0.1\ngna_interval 0.2\ninterface e1\ninterfaces {\ne2\n}\n}\n"
      "garp_group {\ngarp_interval 0.3\ninterfaces {\ne2\ne3\n}\n}\n" +
      instance_with(""));
  ASSERT_TRUE(model);
  ASSERT_EQ(model->wire.garp_groups.size(), 2u);
  EXPECT_EQ(model->wire.garp_groups[0].interfaces, (std::vector<std::string>{"e1", "e2"}));
  EXPECT_EQ(model->wire.garp_groups[0].gna_interval, 200ms);
  EXPECT_EQ(model->wire.garp_groups[1].interfaces, std::vector<std::string>{"e3"});
  EXPECT_TRUE(tolerates("garp_group already specified for e2 - ignoring"));
}

TEST_F(WireTest, AnHmacHasKeysOfWhichOneIsActive) {
  const auto hmac = wire_of(
                        "auth_hmac {\nkey 3 \"a long secret phrase\"\nkey 7 0123456789abcdef\n"
                        "active_key 7\nanti_replay off\ntime_window 2.5\nmode permissive\n}")
                        .hmac;
  EXPECT_EQ(everything(), "");
  ASSERT_EQ(hmac.keys.size(), 2u);
  EXPECT_EQ(hmac.keys[0], (vrrp::HmacKey{3, "a long secret phrase"}));
  EXPECT_EQ(hmac.active_key, 7);
  EXPECT_FALSE(hmac.anti_replay || hmac.required);
  EXPECT_EQ(hmac.time_window, 2500ms);
}

TEST_F(WireTest, TheFirstKeyIsActiveAndAnHmacIsRequired) {
  const auto hmac = wire_of("auth_hmac {\nkey 3 short\nkey 7 0123456789abcdef\n}").hmac;
  EXPECT_EQ(hmac.active_key, 3);
  EXPECT_TRUE(hmac.anti_replay && hmac.required);
  EXPECT_EQ(hmac.time_window, 30s);
  EXPECT_TRUE(says(Severity::warning, "key 3 is shorter than 16 characters"));
}

TEST_F(WireTest, AMistakeInAnHmacEndsTheReading) {
  for (const char* lines :
       {"active_key 1", "key 0 0123456789abcdef", "key 1", "key 300 0123456789abcdef",
        "key 1 0123456789abcdef\nkey 1 0123456789abcdef", "key 1 0123456789abcdef\nactive_key 2",
        "key 1 0123456789abcdef\nmode lax", "key 1 0123456789abcdef\nalgorithm md5"}) {
    Diagnostics problems;
    const std::string text = instance_with(std::string("auth_hmac {\n") + lines + "\n}");
    EXPECT_FALSE(load(sources_, {write(std::to_string(++files_), text), ""}, problems)) << lines;
  }
}

TEST_F(WireTest, BothFamiliesMayUseTheSameRouterId) {
  EXPECT_TRUE(load_text(instance_with("") +
                        "vrrp_instance V6 {\ninterface ens33\nvirtual_router_id 51\n"
                        "virtual_ipaddress {\nfd00::1\n}\n}\n"))
      << everything();
}

}  // namespace
}  // namespace baton::config::keepalived
