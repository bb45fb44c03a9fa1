// Walking lists of forwarded addresses.

#include "proxy/client/forwarded.h"

#include <gtest/gtest.h>

#include <array>

namespace baton::proxy {
namespace {

const auto proxy = net::IpAddress::ipv4(10, 0, 0, 1);
const std::array<net::Prefix, 1> trusted{*net::Prefix::parse("10.0.0.0/8")};

std::string found(std::string_view list, bool recursive = false, net::IpAddress from = proxy) {
  const ForwardedAddress address = forwarded_address(from, list, trusted, recursive);
  return address.changed ? address.address.text() : "unchanged";
}

TEST(Forwarded, LastEntryCounts) {
  EXPECT_EQ(found("1.1.1.1, 2.2.2.2"), "2.2.2.2");
  EXPECT_EQ(found("1.1.1.1,2.2.2.2 , "), "2.2.2.2");
  EXPECT_EQ(found("2001:db8::1"), "2001:db8::1");
  EXPECT_EQ(found("[2001:db8::1]:80"), "2001:db8::1");
}

TEST(Forwarded, StrangersAreNotBelieved) {
  EXPECT_EQ(found("1.1.1.1", false, net::IpAddress::ipv4(9, 9, 9, 9)), "unchanged");
}

TEST(Forwarded, JunkEndsTheWalk) {
  EXPECT_EQ(found("junk"), "unchanged");
  EXPECT_EQ(found(""), "unchanged");
  EXPECT_EQ(found("junk, 10.0.0.2", true), "10.0.0.2");
}

TEST(Forwarded, RecursionStopsAtTheFirstStranger) {
  EXPECT_EQ(found("1.1.1.1, 3.3.3.3, 10.0.0.2", true), "3.3.3.3");
  EXPECT_EQ(found("10.0.0.3, 10.0.0.2", true), "10.0.0.3");
  EXPECT_EQ(found("1.1.1.1, 10.0.0.2", false), "10.0.0.2");
}

}  // namespace
}  // namespace baton::proxy
