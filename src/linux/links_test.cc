// What can be asked of the kernel without privileges.

#include "linux/links.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace baton::linux {
namespace {

TEST(Netlink, ListsTheLoopbackLinkAndItsAddress) {
  auto netlink = Netlink::open();
  ASSERT_TRUE(netlink);
  const auto links = netlink->links();
  ASSERT_TRUE(links) << describe(links.error());
  const auto loopback = std::ranges::find(*links, "lo", &Link::name);
  ASSERT_NE(loopback, links->end());
  EXPECT_TRUE(loopback->loopback);
  const auto addresses = netlink->addresses();
  ASSERT_TRUE(addresses) << describe(addresses.error());
  if (loopback->up) {
    EXPECT_TRUE(std::ranges::any_of(*addresses, [&](const InterfaceAddress& address) {
      return address.link == loopback->index && address.prefix.text() == "127.0.0.1/8";
    }));
  }
}

TEST(Netlink, AskingTwiceGivesTheSameAnswer) {
  auto netlink = Netlink::open();
  ASSERT_TRUE(netlink);
  EXPECT_EQ(netlink->links()->size(), netlink->links()->size());
}

TEST(Netlink, RemovingWhatIsNotThereIsNoError) {
  auto netlink = Netlink::open();
  ASSERT_TRUE(netlink);
  const auto status = netlink->remove_address(1, *net::Prefix::parse("192.0.2.77/32"));
  if (!status) EXPECT_EQ(status.error().errno_value, EPERM);
}

TEST(NetworkMonitor, IsSilentWhenNothingHappens) {
  auto monitor = NetworkMonitor::open();
  ASSERT_TRUE(monitor);
  int changes = 0;
  monitor->read([&](const NetworkChange&) { ++changes; });
  EXPECT_EQ(changes, 0);
}

}  // namespace
}  // namespace baton::linux
