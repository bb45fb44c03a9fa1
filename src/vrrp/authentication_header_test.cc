// The header against a packet that keepalived 2.2.7 sent, and the machine behind it.

#include "vrrp/authentication_header.h"

#include <gtest/gtest.h>

#include "net/checksum.h"
#include "vrrp/receive.h"
#include "vrrp/virtual_segment.h"

namespace baton::vrrp {
namespace {

// Heard from a keepalived with the password "secret12": its first advert, priority 150.
constexpr std::array<std::uint8_t, 64> heard{
    0x45, 0xc0, 0x00, 0x40, 0x00, 0x01, 0x00, 0x00, 0xff, 0x33, 0xd0, 0xad, 0x0a, 0x09, 0x00, 0x01,
    0xe0, 0x00, 0x00, 0x12, 0x70, 0x04, 0x00, 0x00, 0x0a, 0x09, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01,
    0x1a, 0xfd, 0xf3, 0x3b, 0x5f, 0xce, 0x71, 0x82, 0xd4, 0xd6, 0x4a, 0xae, 0x21, 0x33, 0x96, 0x01,
    0x02, 0x01, 0x3c, 0x5d, 0x0a, 0x09, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00};

net::IpAddress host(std::uint8_t number) {
  return net::IpAddress::ipv4(10, 9, 0, number);
}

Settings settings(std::uint8_t priority, const char* password = "secret12") {
  Settings made;
  made.name = "V";
  made.virtual_router_id = 51;
  made.priority = priority;
  made.auth_type = auth_header;
  made.password = make_password(password);
  made.addresses = {host(100)};
  return made;
}

std::vector<std::uint8_t> packet_of(const Settings& sender, std::uint32_t sequence,
                                    net::IpAddress source, net::IpAddress destination,
                                    std::uint8_t ttl = 255) {
  const Instance instance(sender);
  const auto message = build_message(instance.make_advert(sender.priority), source, destination);
  return build_authenticated_packet(message, source, destination, 1, ttl, sequence,
                                    sender.password);
}

TEST(AuthenticationHeader, IsTheOneThatKeepalivedSends) {
  EXPECT_EQ(packet_of(settings(150), 1, host(1), multicast_group(net::Family::ipv4)),
            std::vector<std::uint8_t>(heard.begin(), heard.end()));
}

TEST(AuthenticationHeader, OfKeepalivedIsAccepted) {
  const auto parsed = parse_ipv4_packet(heard);
  ASSERT_TRUE(parsed.ok());
  ASSERT_TRUE(parsed.authentication);
  EXPECT_EQ(parsed.authentication->sequence, 1u);
  EXPECT_EQ(parsed.advert.priority, 150);
  EXPECT_EQ(check_advert(parsed, settings(100)), std::nullopt);
}

TEST(AuthenticationHeader, IsRejectedWhenAnyBitIsAnotherOne) {
  // What routers may change is not protected: TOS, flags and offset. The first byte and the IP
  // checksum are judged before.
  for (std::size_t bit = 0; bit < heard.size() * 8; ++bit) {
    auto packet = heard;
    packet[bit / 8] ^= static_cast<std::uint8_t>(0x80 >> bit % 8);
    packet[10] = packet[11] = 0;
    const auto size = std::min<std::size_t>((packet[0] & 0x0fu) * 4, packet.size());
    const auto sum = net::InternetChecksum().add(std::span(packet).first(size)).value();
    packet[10] = static_cast<std::uint8_t>(sum >> 8);
    packet[11] = static_cast<std::uint8_t>(sum);
    const bool free = bit / 8 == 1 || bit == 6 * 8 + 1 || bit / 8 == 10 || bit / 8 == 11;
    EXPECT_EQ(check_advert(parse_ipv4_packet(packet), settings(100)).has_value(), !free) << bit;
  }
}

TEST(AuthenticationHeader, IsRejectedWhereverItIsCutOff) {
  for (std::size_t size = 0; size < heard.size(); ++size) {
    std::vector<std::uint8_t> packet(heard.begin(), heard.begin() + static_cast<long>(size));
    EXPECT_TRUE(check_advert(parse_ipv4_packet(packet), settings(100))) << size;
    if (size < ipv4_header_size) continue;
    packet = build_ipv4_packet(std::span(packet).subspan(ipv4_header_size), host(1),
                               multicast_group(net::Family::ipv4), 1, 255, authentication_protocol);
    EXPECT_TRUE(check_advert(parse_ipv4_packet(packet), settings(100))) << size;
  }
}

TEST(AuthenticationHeader, OfSomethingElseHasNoRouterId) {
  auto packet = heard;
  packet[20] = 6;  // TCP
  const auto parsed = parse_ipv4_packet(packet);
  EXPECT_TRUE(parsed.problems.has(Problem::authentication));
  EXPECT_EQ(parsed.advert.virtual_router_id, 0);
}

TEST(AuthenticationHeader, ProtectsTheTtlInMulticastOnly) {
  Settings unicast = settings(100);
  unicast.peers = {{host(1), {}, {}}};
  auto packet = packet_of(settings(150), 7, host(1), host(2), 64);
  packet[8] = 60;  // four routers on
  packet[10] = packet[11] = 0;
  const auto sum = net::InternetChecksum().add(std::span(packet).first(20)).value();
  packet[10] = static_cast<std::uint8_t>(sum >> 8);
  packet[11] = static_cast<std::uint8_t>(sum);
  EXPECT_EQ(check_advert(parse_ipv4_packet(packet), unicast), std::nullopt);
}

TEST(AuthenticationHeader, WithAnotherPasswordOrIndexIsToldInKeepalivedsWords) {
  const auto parsed = parse_ipv4_packet(heard);
  const Settings other = settings(100, "secret13");
  ASSERT_EQ(check_advert(parsed, other), Reject::password);
  EXPECT_EQ(describe(Reject::password, parsed, other),
            "IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password ! "
            "From 10.9.0.1");
  // Signed by somebody with the key, for another address.
  const auto message = build_message(Instance(settings(150)).make_advert(150), host(1),
                                     multicast_group(net::Family::ipv4));
  auto packet = build_authenticated_packet(message, host(1), multicast_group(net::Family::ipv4), 1,
                                           255, 9, settings(150).password);
  packet[27] = 3;
  sign_authentication(packet, settings(150).password);
  const auto foreign = parse_ipv4_packet(packet);
  ASSERT_EQ(check_advert(foreign, settings(100)), Reject::password);
  EXPECT_EQ(describe(Reject::password, foreign, settings(100)),
            "IPSEC AH : invalid IPSEC SPI value. 0x0a090003 from 10.9.0.1");
}

TEST(AuthenticationHeader, IsMissedAndIsTooMuchWhereTheTypesDiffer) {
  Settings plain = settings(100);
  plain.auth_type = auth_none;
  const auto parsed = parse_ipv4_packet(heard);
  ASSERT_EQ(check_advert(parsed, plain), Reject::auth_type);
  EXPECT_EQ(describe(Reject::auth_type, parsed, plain),
            "Received AH header from 10.9.0.1 but auth type not AH");
  const auto group = multicast_group(net::Family::ipv4);
  const auto bare = build_ipv4_packet(
      build_message(Instance(plain).make_advert(100), host(2), group), host(2), group, 1);
  const auto parsed_bare = parse_ipv4_packet(bare);
  ASSERT_EQ(check_advert(parsed_bare, settings(150)), Reject::auth_type);
  EXPECT_EQ(describe(Reject::auth_type, parsed_bare, settings(150)),
            "No AH header from 10.9.0.2 but auth type is AH");
}

class AuthenticatedPair : public ::testing::Test {
 protected:
  void SetUp() override {
    segment.add(settings(150), host(1));
    segment.add(settings(100), host(2));
    segment.start(0);
    segment.start(1);
    segment.run_for(10s);
  }
  Instance& instance(std::size_t index) { return segment.node(index).instance; }
  std::uint64_t replays(std::size_t index) {
    return instance(index).counters().rejected[static_cast<std::size_t>(Reject::replay)];
  }
  VirtualSegment segment{1};
};

TEST_F(AuthenticatedPair, ElectsAndHandsTheNumbersOn) {
  ASSERT_EQ(instance(0).state(), State::master);
  ASSERT_EQ(instance(1).state(), State::backup);
  EXPECT_EQ(instance(0).sequence(), instance(1).sequence());
  const auto before = instance(1).sequence();
  EXPECT_GE(before, 6u);
  segment.crash(0);
  segment.run_for(5s);
  ASSERT_EQ(instance(1).state(), State::master);
  EXPECT_GT(instance(1).sequence(), before);
  // Who comes back knows no number: it learns it before it takes over.
  segment.restart(0, settings(150));
  EXPECT_EQ(instance(0).sequence(), 0u);
  segment.run_for(10s);
  EXPECT_EQ(instance(0).state(), State::master);
  EXPECT_EQ(instance(1).state(), State::backup);
  EXPECT_EQ(replays(0) + replays(1), 0u);
}

TEST_F(AuthenticatedPair, DropsAndCountsWhatWasHeardBefore) {
  const auto packet =
      packet_of(settings(150), instance(1).sequence(), host(1), multicast_group(net::Family::ipv4));
  const auto old = parse_ipv4_packet(packet);
  const auto deadline = instance(1).deadline();
  segment.tell(1, event::AdvertReceived{&old});
  EXPECT_EQ(replays(1), 1u);
  EXPECT_EQ(instance(1).deadline(), deadline);
  EXPECT_EQ(instance(1).state(), State::backup);
}

TEST_F(AuthenticatedPair, FindsTogetherAfterTheNetworkWasCut) {
  segment.set_link(0, 1, false);
  segment.run_for(60s);
  EXPECT_EQ(segment.count(State::master), 2u);
  segment.set_link(0, 1, true);
  segment.run_for(4s);
  EXPECT_EQ(instance(0).state(), State::master);
  EXPECT_EQ(instance(1).state(), State::backup);
}

TEST_F(AuthenticatedPair, KeepsTheNumberOverAReload) {
  const auto before = instance(0).sequence();
  segment.tell(0, event::Reconfigured{settings(151)});
  EXPECT_GE(instance(0).sequence(), before);
}

TEST_F(AuthenticatedPair, StopsCountingAtTheEndAndSaysSo) {
  const auto packet =
      packet_of(settings(140), last_sequence - 2, host(3), multicast_group(net::Family::ipv4));
  const auto late = parse_ipv4_packet(packet);
  segment.tell(0, event::AdvertReceived{&late});
  segment.run_for(20s);
  EXPECT_EQ(instance(0).state(), State::master);
  EXPECT_EQ(instance(0).sequence(), last_sequence);
  std::size_t told = 0;
  for (const auto& line : segment.node(0).lines) told += line.contains("numbers are used up");
  for (const auto& line : segment.node(1).lines) told += line.contains("numbers are used up");
  EXPECT_EQ(told, 1u);
}

}  // namespace
}  // namespace baton::vrrp
