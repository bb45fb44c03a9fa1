// Frames byte for byte (the advertisement as keepalived 2.2.7 sends it), and claims.

#include "linux/neighbour_discovery.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace baton::linux {
namespace {

constexpr std::size_t headers = 14 + 40;
const net::Mac mac{{0x7a, 0x92, 0x5b, 0x09, 0x10, 0xb9}};

net::IpAddress ip(const char* text) {
  return *net::IpAddress::parse(text);
}

std::span<const std::uint8_t> message_of(const NeighbourFrame& frame) {
  return std::span(frame).subspan(headers);
}

TEST(NeighbourAdvertisement, TellsAllNodesAndOverrides) {
  const NeighbourFrame expected{
      0x33, 0x33, 0x00, 0x00, 0x00, 0x01, 0x7a, 0x92, 0x5b, 0x09, 0x10, 0xb9, 0x86, 0xdd, 0x60,
      0x00, 0x00, 0x00, 0x00, 0x20, 0x3a, 0xff, 0xfd, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x63, 0xff, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x88, 0x00, 0x75, 0x71, 0x20, 0x00,
      0x00, 0x00, 0xfd, 0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
      0x00, 0x00, 0x63, 0x02, 0x01, 0x7a, 0x92, 0x5b, 0x09, 0x10, 0xb9};
  EXPECT_EQ(build_neighbour_advertisement(mac, ip("fd09::63"), false), expected);
}

TEST(NeighbourAdvertisement, SaysWhetherTheMachineRoutes) {
  const auto frame = build_neighbour_advertisement(mac, ip("fd09::63"), true);
  EXPECT_EQ(frame[headers + 4], 0xa0);
}

TEST(NeighbourProbe, AsksTheVrrpRoutersAndClaimsNothing) {
  const auto frame = build_neighbour_probe(mac, ip("fe80::1"), ip("fd09::63"), ip("ff02::12"));
  const net::Mac to{{0x33, 0x33, 0, 0, 0, 0x12}};
  EXPECT_TRUE(std::ranges::equal(std::span(frame).first(6), to.bytes));
  EXPECT_EQ(frame[headers], 135);
  EXPECT_FALSE(parse_neighbour_claim(message_of(frame)));
}

TEST(CallToAll, IsAnEchoRequestThatClaimsNothing) {
  const auto frame = build_call_to_all(mac, ip("fe80::1"));
  const net::Mac to{{0x33, 0x33, 0, 0, 0, 1}};
  EXPECT_TRUE(std::ranges::equal(std::span(frame).first(6), to.bytes));
  EXPECT_EQ(frame[headers], 128);
  EXPECT_EQ(frame[headers + 1], 0);
  EXPECT_FALSE(parse_neighbour_claim(message_of(frame)));
}

TEST(NeighbourClaim, IsReadFromAnAdvertisement) {
  const auto frame = build_neighbour_advertisement(mac, ip("fd09::63"), false);
  const auto claim = parse_neighbour_claim(message_of(frame));
  ASSERT_TRUE(claim);
  EXPECT_EQ(claim->address.text(), "fd09::63");
  EXPECT_EQ(claim->mac, mac);
}

TEST(NeighbourClaim, EveryTruncationIsNoClaim) {
  const auto frame = build_neighbour_advertisement(mac, ip("fd09::63"), false);
  const auto message = message_of(frame);
  for (std::size_t size = 0; size < message.size(); ++size) {
    EXPECT_FALSE(parse_neighbour_claim(message.first(size))) << size;
  }
}

TEST(NeighbourClaim, OtherOptionsArePassedOverAndAnEmptyOneEndsIt) {
  const auto frame = build_neighbour_advertisement(mac, ip("fd09::63"), false);
  const auto message = message_of(frame);
  std::vector<std::uint8_t> bytes(message.begin(), message.begin() + 24);
  const std::vector<std::uint8_t> other{99, 1, 0, 0, 0, 0, 0, 0};
  bytes.insert(bytes.end(), other.begin(), other.end());
  EXPECT_FALSE(parse_neighbour_claim(bytes));
  bytes.insert(bytes.end(), message.begin() + 24, message.end());
  EXPECT_TRUE(parse_neighbour_claim(bytes));
  bytes[25] = 0;
  EXPECT_FALSE(parse_neighbour_claim(bytes));
}

TEST(NeighbourClaim, NobodyHasAMulticastAddress) {
  auto frame = build_neighbour_advertisement(mac, ip("fd09::63"), false);
  frame[headers + 8] = 0xff;
  EXPECT_FALSE(parse_neighbour_claim(message_of(frame)));
}

TEST(NeighbourDiscovery, EveryHolderOfAnAddressIsInItsGroup) {
  EXPECT_EQ(solicited_node_group(ip("4037::01:800:200e:8c6c")), ip("ff02::1:ff0e:8c6c"));
}

}  // namespace
}  // namespace baton::linux
