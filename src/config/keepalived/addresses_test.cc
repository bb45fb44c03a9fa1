// virtual_ipaddress lines with iproute2's words.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class AddressesTest : public LoadTest {
 protected:
  // The addresses of an instance whose virtual_ipaddress holds `lines`.
  std::vector<VirtualAddress> addresses_of(const std::string& lines) {
    const auto model =
        load_text("vrrp_instance V {\ninterface e\nvirtual_router_id 1\nvirtual_ipaddress {\n" +
                  lines + "\n}\n}\n");
    return model ? model->instances.at(0).addresses : std::vector<VirtualAddress>{};
  }
};

TEST_F(AddressesTest, AnAddressWithoutAPrefixIsASingleHost) {
  EXPECT_EQ(addresses_of("10.0.0.1").at(0).prefix.text(), "10.0.0.1/32");
}

TEST_F(AddressesTest, AllWordsAreUnderstood) {
  const auto addresses = addresses_of(
      "10.0.0.1/24 brd 10.0.0.255 dev eth1 label eth1:1 scope link no_track\n10.0.0.2/16 brd + "
      "scope 200\n10.0.0.3/8 brd -");
  ASSERT_EQ(addresses.size(), 3u);
  EXPECT_EQ(addresses[0].prefix.length, 24);
  EXPECT_EQ(addresses[0].broadcast->text(), "10.0.0.255");
  EXPECT_EQ(addresses[0].device, "eth1");
  EXPECT_EQ(addresses[0].label, "eth1:1");
  EXPECT_EQ(addresses[0].scope, 253);
  EXPECT_FALSE(addresses[0].tracked);
  EXPECT_TRUE(addresses[1].broadcast_computed);
  EXPECT_EQ(addresses[1].scope, 200);
  EXPECT_FALSE(addresses[2].broadcast_computed);
  EXPECT_FALSE(addresses[2].broadcast.has_value());
  EXPECT_EQ(everything(), "");
}

TEST_F(AddressesTest, ABadAddressIsSkippedAndTheOthersStay) {
  EXPECT_EQ(addresses_of("10.0.0.1.1\n10.0.0.2").size(), 1u);
  EXPECT_TRUE(tolerates("VRRP parsed invalid IP 10.0.0.1.1. skipping IP..."));
}

TEST_F(AddressesTest, ABadPrefixLengthBecomes32) {
  EXPECT_EQ(addresses_of("10.0.0.1/40").at(0).prefix.length, 32);
  EXPECT_TRUE(tolerates("Invalid address prefix len 40 for address 10.0.0.1/40 - using 32"));
}

TEST_F(AddressesTest, AnAddressOfTheOtherFamilyIsSkipped) {
  EXPECT_EQ(addresses_of("10.0.0.1\nfe80::1").size(), 1u);
  EXPECT_TRUE(tolerates("(V): address family must match VRRP instance [fe80::1] - ignoring"));
}

TEST_F(AddressesTest, AnIpv6InstanceSpeaksVersion3) {
  const auto model = load_text(
      "vrrp_instance V {\ninterface e\nvirtual_router_id 1\nvirtual_ipaddress {\nfd00::1/64\n"
      "fe80::2\n10.0.0.1\n}\nvirtual_ipaddress_excluded {\n10.0.0.2/24\n}\n}\n");
  ASSERT_TRUE(model);
  const VrrpInstance& instance = model->instances.at(0);
  EXPECT_EQ(instance.wire.family, net::Family::ipv6);
  EXPECT_EQ(instance.version, 3);
  ASSERT_EQ(instance.addresses.size(), 2u);
  EXPECT_EQ(instance.addresses[0].prefix.text(), "fd00::1/64");
  EXPECT_EQ(instance.addresses[1].prefix.length, 128);
  EXPECT_EQ(instance.excluded_addresses.at(0).prefix.text(), "10.0.0.2/24");
  EXPECT_TRUE(tolerates("(V): address family must match VRRP instance [10.0.0.1] - ignoring"));
}

TEST_F(AddressesTest, AWholeIpv6AddressIsDeprecatedUnlessSaidOtherwise) {
  const auto addresses = addresses_of(
      "fd00::1\nfd00::2 preferred_lft forever\nfd00::3/64\nfd00::4/64 preferred_lft 0");
  ASSERT_EQ(addresses.size(), 4u);
  EXPECT_TRUE(addresses[0].traits.deprecated);
  EXPECT_FALSE(addresses[1].traits.deprecated);
  EXPECT_FALSE(addresses[2].traits.deprecated);
  EXPECT_TRUE(addresses[3].traits.deprecated);
  EXPECT_EQ(everything(), "");
}

TEST_F(AddressesTest, FlagsOfIpv6AddressesAreUnderstood) {
  const auto addresses =
      addresses_of("fd00::1/64 home -nodad mngtmpaddr noprefixroute autojoin peer fd00::2");
  ASSERT_EQ(addresses.size(), 1u);
  const net::AddressTraits& traits = addresses[0].traits;
  EXPECT_TRUE(traits.home && traits.detect_duplicates && traits.manage_temporary);
  EXPECT_TRUE(traits.without_prefix_route && traits.join_multicast);
  EXPECT_EQ(traits.peer->text(), "fd00::2");
  EXPECT_EQ(everything(), "");
}

TEST_F(AddressesTest, APeerMustBeAnAddressOfTheSameFamily) {
  EXPECT_TRUE(addresses_of("10.0.0.1 peer fd00::1").empty());
  EXPECT_TRUE(tolerates("Invalid peer address fd00::1"));
}

TEST_F(AddressesTest, ABadPrefixLengthOfIpv6Becomes128) {
  EXPECT_EQ(addresses_of("fd00::1/129").at(0).prefix.length, 128);
  EXPECT_TRUE(tolerates("Invalid address prefix len 129 for address fd00::1/129 - using 128"));
}

TEST_F(AddressesTest, AnUnknownWordIsIgnored) {
  EXPECT_EQ(addresses_of("10.0.0.1/24 foo dev eth1").at(0).device, "eth1");
  EXPECT_TRUE(tolerates("Unknown configuration entry 'foo' for ip address - ignoring"));
}

TEST_F(AddressesTest, ABrokenOptionDropsTheAddress) {
  EXPECT_TRUE(addresses_of("10.0.0.1 brd 1.2\n10.0.0.2 label\n10.0.0.3 label "
                           "abcdefghijklmnopqrst")
                  .empty());
  EXPECT_TRUE(tolerates("VRRP is trying to assign invalid broadcast 1.2"));
  EXPECT_TRUE(tolerates("No label parameter specified for 10.0.0.2"));
  EXPECT_TRUE(tolerates("is longer than maximum length 15"));
}

TEST_F(AddressesTest, ABadScopeIsIgnored) {
  EXPECT_EQ(addresses_of("10.0.0.1 scope foo").at(0).scope, 0);
  EXPECT_TRUE(tolerates("Invalid scope 'foo' specified for 10.0.0.1"));
}

TEST_F(AddressesTest, AnAdvertHasRoomFor255Addresses) {
  std::string lines;
  for (int i = 0; i < 255; ++i) lines += "10.0.0." + std::to_string(i) + "\n";
  EXPECT_EQ(addresses_of(lines).size(), 255u);
  EXPECT_EQ(everything(), "");
}

TEST_F(AddressesTest, MoreThan255AddressesAreRefused) {
  std::string lines;
  for (int i = 0; i < 256; ++i) lines += "10.0.0." + std::to_string(i) + "\n";
  addresses_of(lines);
  EXPECT_TRUE(refuses("an advert has room for 255 addresses"));
}

TEST_F(AddressesTest, ExcludedAddressesAreKeptApart) {
  const auto model =
      load_text(instance_with("virtual_ipaddress_excluded {\n10.1.0.1/24 dev eth1\n}"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].excluded_addresses.at(0).device, "eth1");
  EXPECT_EQ(model->instances[0].addresses.size(), 1u);
}

}  // namespace
}  // namespace baton::config::keepalived
