// Reports as bytes: there and back, truncated, flipped.

#include "vrrp/heartbeat.h"

#include <gtest/gtest.h>

namespace baton::vrrp {
namespace {

PeerReport sample() {
  PeerReport report;
  report.name = "web_server_group";
  report.family = net::Family::ipv6;
  report.version = 3;
  report.virtual_router_id = 55;
  report.state = State::backup;
  report.is_cut = true;
  report.nopreempt = true;
  report.effective_priority = 70;
  report.base_priority = 80;
  report.advert_interval = 100ms;
  report.heartbeat_interval = 50ms;
  report.address_digest = 0x0123456789abcdefu;
  report.source = *net::IpAddress::parse("fe80::1");
  report.run = 0xfedcba9876543210u;
  report.sequence = 42;
  return report;
}

TEST(Heartbeat, ComesBackAsItWas) {
  const auto bytes = encode_heartbeat(sample());
  EXPECT_LE(bytes.size(), heartbeat_size_max);
  EXPECT_EQ(parse_heartbeat(bytes), sample());
}

TEST(Heartbeat, EveryTruncationAndEverySurplusIsRefused) {
  auto bytes = encode_heartbeat(sample());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(parse_heartbeat(std::span(bytes).first(length))) << length;
  }
  bytes.push_back(0);
  EXPECT_FALSE(parse_heartbeat(bytes));
}

TEST(Heartbeat, FlippedBitsAreRefusedOrGiveAReportOfTheSameForm) {
  const auto whole = encode_heartbeat(sample());
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    auto bytes = whole;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    if (const auto report = parse_heartbeat(bytes)) {
      EXPECT_EQ(encode_heartbeat(*report).size(), bytes.size());
      EXPECT_LE(report->state, State::stopped);
    }
  }
}

TEST(Heartbeat, ALongNameIsCut) {
  PeerReport report = sample();
  report.name = std::string(300, 'x');
  const auto parsed = parse_heartbeat(encode_heartbeat(report));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->name.size(), heartbeat_name_max);
}

TEST(Heartbeat, TheDigestOfAListDoesNotKnowItsOrder) {
  const auto a = net::IpAddress::ipv4(10, 0, 0, 1);
  const auto b = net::IpAddress::ipv4(10, 0, 0, 2);
  EXPECT_EQ(digest_addresses({a, b}), digest_addresses({b, a}));
  EXPECT_NE(digest_addresses({a, b}), digest_addresses({a}));
}

}  // namespace
}  // namespace baton::vrrp
