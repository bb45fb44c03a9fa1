// use_vmac and its family.

#include "config/keepalived/load_fixture.h"

namespace baton::config::keepalived {
namespace {

class VmacTest : public LoadTest {
 protected:
  const VrrpInstance* instance(const std::string& text) {
    model_ = load_text(text);
    return model_ ? &model_->instances.at(0) : nullptr;
  }
  std::shared_ptr<const Failover> model_;
};

TEST_F(VmacTest, TheInterfaceIsNamedAfterTheRouterAndHasTheProtocolsAddress) {
  const auto* found = instance(instance_with("use_vmac"));
  ASSERT_TRUE(found) << everything();
  ASSERT_EQ(found->vmac.links.size(), 1u);
  EXPECT_EQ(found->vmac.links[0].name, "vrrp.51");
  EXPECT_EQ(found->vmac.links[0].parent, "ens33");
  EXPECT_EQ(found->vmac.links[0].mac.text(), "00:00:5e:00:01:33");
  EXPECT_EQ(found->addresses[0].device, "vrrp.51");
}

TEST_F(VmacTest, NameAndAddressCanBeSaid) {
  const auto* whole = instance(instance_with("use_vmac foo0 02:00:00:00:11:22\nvmac_xmit_base"));
  ASSERT_TRUE(whole) << everything();
  EXPECT_EQ(whole->vmac.name, "foo0");
  EXPECT_EQ(whole->vmac.links[0].mac.text(), "02:00:00:00:11:22");
  EXPECT_TRUE(whole->vmac.transmit_on_base);
  sources_ = SourceTree::from_disk();
  const auto* short_one = instance(instance_with("use_vmac 02:00:00:00:11"));
  ASSERT_TRUE(short_one);
  EXPECT_EQ(short_one->vmac.links[0].mac.text(), "02:00:00:00:11:33");
  EXPECT_EQ(short_one->vmac.name, "vrrp.51");
}

TEST_F(VmacTest, AddressesOfOtherDevicesGetInterfacesOfTheirOwnWhenAsked) {
  const auto* found = instance(instance_with(
      "use_vmac\nvirtual_ipaddress_excluded {\n 10.0.0.2 dev ens34\n 10.0.0.3 dev ens34 use_vmac\n "
      "10.0.0.4 dev ens35 use_vmac\n}"));
  ASSERT_TRUE(found) << everything();
  EXPECT_EQ(found->excluded_addresses[0].device, "ens34");
  EXPECT_EQ(found->excluded_addresses[1].device, "vrrp1.51");
  EXPECT_EQ(found->excluded_addresses[2].device, "vrrp2.51");
  ASSERT_EQ(found->vmac.links.size(), 3u);
  EXPECT_EQ(found->vmac.links[1].parent, "ens34");
}

TEST_F(VmacTest, UseVmacAddrIsForAllOtherDevices) {
  const auto* found = instance(
      "global_defs {\n vmac_prefix v\n vmac_addr_prefix a\n}\n" +
      instance_with(
          "use_vmac\nuse_vmac_addr\nvirtual_ipaddress_excluded {\n 10.0.0.2 dev ens34\n}"));
  ASSERT_TRUE(found) << everything();
  EXPECT_EQ(found->addresses[0].device, "v.51");
  EXPECT_EQ(found->excluded_addresses[0].device, "a.51");
}

TEST_F(VmacTest, UnicastNeedsTheBaseInterfaceAndIsGivenIt) {
  const auto* found =
      instance(instance_with("use_vmac\nunicast_src_ip 10.0.0.8\nunicast_peer {\n 10.0.0.9\n}"));
  ASSERT_TRUE(found) << everything();
  EXPECT_TRUE(found->vmac.transmit_on_base);
  EXPECT_TRUE(says(Severity::warning, "unicast with use_vmac requires vmac_xmit_base"));
}

TEST_F(VmacTest, ExtraAnnouncementsAreOfTheFileOrOfAnInstance) {
  const auto model =
      load_text("global_defs {\n vrrp_garp_extra_if all 100\n}\n" + instance_with("", "A", "1") +
                instance_with("garp_extra_if 30", "B", "2"));
  ASSERT_TRUE(model) << everything();
  EXPECT_EQ(model->instances[0].vmac.announce_interval, 100s);
  EXPECT_TRUE(model->instances[0].vmac.announce_everywhere);
  EXPECT_EQ(model->instances[1].vmac.announce_interval, 30s);
  EXPECT_FALSE(model->instances[1].vmac.announce_everywhere);
}

}  // namespace
}  // namespace baton::config::keepalived
