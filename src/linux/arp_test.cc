// The frame, byte for byte.

#include "linux/arp.h"

#include <gtest/gtest.h>

namespace baton::linux {
namespace {

TEST(GratuitousArp, IsABroadcastRequestForItself) {
  const net::Mac mac{{0x00, 0x0c, 0x29, 0xf6, 0xf0, 0x83}};
  const ArpFrame frame = build_gratuitous_arp(mac, net::IpAddress::ipv4(192, 168, 175, 100));
  const ArpFrame expected{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x0c, 0x29, 0xf6, 0xf0,
                          0x83, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
                          0x00, 0x0c, 0x29, 0xf6, 0xf0, 0x83, 192,  168,  175,  100,  0xff,
                          0xff, 0xff, 0xff, 0xff, 0xff, 192,  168,  175,  100};
  EXPECT_EQ(frame, expected);
}

TEST(ArpProbe, GoesToTheVrrpRoutersAndClaimsNothing) {
  const net::Mac mac{{0x00, 0x0c, 0x29, 0xf6, 0xf0, 0x83}};
  const ArpFrame frame = build_arp_probe(mac, net::IpAddress::ipv4(192, 168, 175, 100),
                                         net::IpAddress::ipv4(224, 0, 0, 18));
  const ArpFrame expected{0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x00, 0x0c, 0x29, 0xf6, 0xf0,
                          0x83, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 0x06, 0x04, 0x00, 0x01,
                          0x00, 0x0c, 0x29, 0xf6, 0xf0, 0x83, 0,    0,    0,    0,    0x00,
                          0x00, 0x00, 0x00, 0x00, 0x00, 192,  168,  175,  100};
  EXPECT_EQ(frame, expected);
  EXPECT_FALSE(parse_arp_claim(frame));
}

TEST(ArpClaim, IsReadFromAnnouncementsAndRepliesOnly) {
  const net::Mac mac{{2, 0, 0, 0, 0, 1}};
  const auto address = net::IpAddress::ipv4(10, 9, 0, 100);
  ArpFrame frame = build_gratuitous_arp(mac, address);
  const auto announced = parse_arp_claim(frame);
  ASSERT_TRUE(announced);
  EXPECT_EQ(announced->mac, mac);
  EXPECT_EQ(announced->address, address);
  frame[41] = 1;  // asks for 10.9.0.1: an ordinary request
  EXPECT_FALSE(parse_arp_claim(frame));
  frame[21] = 2;  // a reply
  EXPECT_TRUE(parse_arp_claim(frame));
}

TEST(ArpClaim, EveryTruncationIsNoClaim) {
  const ArpFrame frame =
      build_gratuitous_arp({{2, 0, 0, 0, 0, 1}}, net::IpAddress::ipv4(1, 2, 3, 4));
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(parse_arp_claim(std::span(frame).first(size))) << size;
  }
}

}  // namespace
}  // namespace baton::linux
