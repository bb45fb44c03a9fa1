// The codec against vectors captured from keepalived 2.2.7, and against everything that can
// happen to a packet.

#include "vrrp/packet.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace baton::vrrp {
namespace {

using net::IpAddress;
using Bytes = std::vector<std::uint8_t>;

Bytes unhex(std::string_view text) {
  Bytes bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high << 4 | value));
      high = -1;
    }
  }
  return bytes;
}

IpAddress ip(const char* text) {
  return *IpAddress::parse(text);
}

struct Golden {
  const char* source;
  const char* destination;
  const char* hex;
  Advert advert;
  ChecksumForm form = ChecksumForm::standard;
};

Advert v2_advert(std::uint8_t vrid, std::uint8_t priority, const char* password,
                 const char* address) {
  Advert advert;
  advert.virtual_router_id = vrid;
  advert.priority = priority;
  if (password) {
    advert.auth_type = auth_password;
    advert.password = make_password(password);
  }
  advert.addresses = {ip(address)};
  return advert;
}

Advert v3_advert(std::uint8_t vrid, std::vector<IpAddress> addresses) {
  Advert advert;
  advert.version = 3;
  advert.virtual_router_id = vrid;
  advert.priority = 150;
  advert.interval = 500ms;
  advert.addresses = std::move(addresses);
  return advert;
}

std::vector<Golden> goldens() {
  return {
      {"10.9.0.2", "224.0.0.18", "2133 5001 0101 20fb 0a090064 31313131 00000000",
       v2_advert(51, 80, "1111", "10.9.0.100")},
      {"10.9.0.2", "224.0.0.18", "2133 0001 0101 70fb 0a090064 31313131 00000000",
       v2_advert(51, 0, "1111", "10.9.0.100")},
      {"10.9.0.2", "224.0.0.18", "2140 9601 0001 3e74 0a090040 00000000 00000000",
       v2_advert(64, 150, nullptr, "10.9.0.64")},
      {"10.9.0.1", "224.0.0.18", "313c 9601 0032 43b2 0a09003c", v3_advert(60, {ip("10.9.0.60")})},
      {"10.9.0.1", "10.9.0.254", "313d 9601 0032 18bc 0a09003d", v3_advert(61, {ip("10.9.0.61")})},
      {"10.9.0.1", "10.9.0.254", "313e 9601 0032 43ae 0a09003e", v3_advert(62, {ip("10.9.0.62")}),
       ChecksumForm::multicast_destination},
      {"fe80::947e:5ff:fe53:a239", "ff02::12",
       "313f 9602 0032 0302 fe800000000000000000000000000063 fd090000000000000000000000000063",
       v3_advert(63, {ip("fe80::63"), ip("fd09::63")})},
  };
}

Bytes tutorial_packet() {
  const auto message = build_message(v2_advert(55, 100, "1234", "192.168.175.100"),
                                     ip("192.168.175.101"), multicast_group(net::Family::ipv4));
  return build_ipv4_packet(message, ip("192.168.175.101"), multicast_group(net::Family::ipv4),
                           1201);
}

TEST(Packet, BuildsEveryGoldenVectorByteForByte) {
  for (const Golden& golden : goldens()) {
    EXPECT_EQ(build_message(golden.advert, ip(golden.source), ip(golden.destination), golden.form),
              unhex(golden.hex))
        << golden.hex;
  }
}

TEST(Packet, ParsesEveryGoldenVectorBackToItsFields) {
  for (const Golden& golden : goldens()) {
    const Envelope envelope{ip(golden.source), ip(golden.destination), 255, 0xc0, 1, 0};
    const auto parsed = parse_message(unhex(golden.hex), envelope);
    EXPECT_TRUE(parsed.ok()) << golden.hex;
    EXPECT_EQ(parsed.advert, golden.advert) << golden.hex;
    EXPECT_EQ(parsed.checksum_form, golden.form) << golden.hex;
  }
}

TEST(Packet, IpHeaderIsTheOneOfTheTutorialsCapture) {
  const Bytes packet = tutorial_packet();
  ASSERT_EQ(packet.size(), 40u);
  EXPECT_EQ(packet[0], 0x45);
  EXPECT_EQ(packet[1], 0xc0);
  EXPECT_EQ(packet[6] << 8 | packet[7], 0);
  const auto parsed = parse_ipv4_packet(packet);
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.envelope.ttl, 255);
  EXPECT_EQ(parsed.envelope.tos, 0xc0);
  EXPECT_EQ(parsed.envelope.id, 1201);
  EXPECT_EQ(parsed.envelope.total_length, 40);
  EXPECT_EQ(parsed.message_length, 20);
  EXPECT_EQ(parsed.envelope.source.text(), "192.168.175.101");
  EXPECT_EQ(parsed.envelope.destination.text(), "224.0.0.18");
  EXPECT_EQ(parsed.advert.addresses.at(0).text(), "192.168.175.100");
}

TEST(Packet, PasswordIsCutAndPaddedToEightBytes) {
  EXPECT_EQ(make_password("12"), (Password{'1', '2', 0, 0, 0, 0, 0, 0}));
  EXPECT_EQ(make_password("123456789"), (Password{'1', '2', '3', '4', '5', '6', '7', '8'}));
}

TEST(Packet, EthernetPaddingBehindThePacketIsIgnored) {
  Bytes packet = tutorial_packet();
  packet.resize(46, 0xee);
  EXPECT_TRUE(parse_ipv4_packet(packet).ok());
}

TEST(Packet, EveryTruncationIsAProblem) {
  const Bytes packet = tutorial_packet();
  for (std::size_t size = 0; size < packet.size(); ++size) {
    EXPECT_FALSE(parse_ipv4_packet(std::span(packet).first(size)).ok()) << size;
  }
  for (const Golden& golden : goldens()) {
    const Bytes message = unhex(golden.hex);
    const Envelope envelope{ip(golden.source), ip(golden.destination), 255, 0xc0, 1, 0};
    for (std::size_t size = 0; size < message.size(); ++size) {
      EXPECT_FALSE(parse_message(std::span(message).first(size), envelope).ok())
          << golden.hex << " " << size;
    }
  }
}

TEST(Packet, EveryFlippedBitOfAPacketIsAProblem) {
  const Bytes packet = tutorial_packet();
  for (std::size_t bit = 0; bit < packet.size() * 8; ++bit) {
    Bytes flipped = packet;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    EXPECT_FALSE(parse_ipv4_packet(flipped).ok()) << bit;
  }
}

TEST(Packet, EveryFlippedBitOfAVersion3MessageIsAProblem) {
  for (const Golden& golden : goldens()) {
    const Bytes message = unhex(golden.hex);
    const Envelope envelope{ip(golden.source), ip(golden.destination), 255, 0xc0, 1, 0};
    for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
      Bytes flipped = message;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      EXPECT_FALSE(parse_message(flipped, envelope).ok()) << golden.hex << " " << bit;
    }
  }
}

TEST(Packet, GarbageOfAnyLengthIsParsedWithoutHarm) {
  Random random(7);
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes(random.below(120));
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random.next());
    if (!bytes.empty() && random.chance(2)) bytes[0] = 0x45;
    const auto parsed = parse_ipv4_packet(bytes);
    EXPECT_LE(parsed.advert.addresses.size(), parsed.address_count);
    EXPECT_FALSE(parsed.ok());
  }
}

TEST(Packet, BadPacketStillShowsItsFields) {
  Bytes packet = tutorial_packet();
  packet[22] = 99;  // priority, without a new checksum
  const auto parsed = parse_ipv4_packet(packet);
  EXPECT_TRUE(parsed.problems.has(Problem::checksum));
  EXPECT_EQ(parsed.problems.first(), Problem::checksum);
  EXPECT_EQ(parsed.advert.priority, 99);
  EXPECT_EQ(parsed.advert.virtual_router_id, 55);
  EXPECT_EQ(parsed.advert.addresses.at(0).text(), "192.168.175.100");
  EXPECT_EQ(parsed.advert.password, make_password("1234"));
}

TEST(Packet, EachProblemIsNamedByItself) {
  const auto problem_after = [](std::size_t position, std::uint8_t value) {
    Bytes packet = tutorial_packet();
    packet[position] = value;
    return parse_ipv4_packet(packet).problems;
  };
  EXPECT_TRUE(problem_after(0, 0x65).has(Problem::ip_version));
  EXPECT_TRUE(problem_after(0, 0x44).has(Problem::ip_header_length));
  EXPECT_TRUE(problem_after(0, 0x4f).has(Problem::ip_header_length));
  EXPECT_TRUE(problem_after(3, 41).has(Problem::ip_length));
  EXPECT_TRUE(problem_after(3, 19).has(Problem::ip_length));
  EXPECT_TRUE(problem_after(6, 0x20).has(Problem::ip_fragment));
  EXPECT_TRUE(problem_after(9, 50).has(Problem::ip_protocol));
  EXPECT_TRUE(problem_after(9, 51).has(Problem::authentication));
  EXPECT_TRUE(problem_after(12, 1).has(Problem::ip_checksum));
  EXPECT_TRUE(problem_after(20, 0x41).has(Problem::unknown_version));
  EXPECT_TRUE(problem_after(20, 0x22).has(Problem::unknown_type));
  EXPECT_TRUE(problem_after(21, 0).has(Problem::virtual_router_id));
  EXPECT_TRUE(problem_after(23, 2).has(Problem::length));
  EXPECT_TRUE(problem_after(24, 3).has(Problem::unknown_auth));
}

TEST(Packet, Version3WithoutPseudoHeaderIsRecognised) {
  const Advert advert = v3_advert(60, {ip("10.9.0.60")});
  const auto source = ip("10.9.0.1");
  const auto group = multicast_group(net::Family::ipv4);
  const auto message = build_message(advert, source, group, ChecksumForm::without_pseudo_header);
  const auto parsed = parse_message(message, {source, group, 255, 0xc0, 1, 0});
  EXPECT_TRUE(parsed.ok());
  EXPECT_EQ(parsed.checksum_form, ChecksumForm::without_pseudo_header);
}

TEST(Packet, Version3CarriesTheLongestInterval) {
  Advert advert = v3_advert(1, {ip("10.0.0.1")});
  advert.interval = 40950ms;
  const auto source = ip("10.9.0.1");
  const auto group = multicast_group(net::Family::ipv4);
  const auto parsed = parse_message(build_message(advert, source, group), {source, group, 255});
  EXPECT_EQ(parsed.advert.interval, 40950ms);
}

TEST(Packet, EveryProblemHasWords) {
  for (std::size_t i = 0; i < problem_count; ++i) {
    EXPECT_FALSE(describe(static_cast<Problem>(i)).empty());
  }
}

}  // namespace
}  // namespace baton::vrrp
