// Adverts as tcpdump would print them, from the vectors captured from keepalived, and what is said
// about bad ones.

#include "cli/trace.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace baton::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using Bytes = std::vector<std::uint8_t>;

Bytes unhex(std::string_view text) {
  Bytes bytes;
  int high = -1;
  for (const char c : text) {
    if (c == ' ') continue;
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high >= 0) bytes.push_back(static_cast<std::uint8_t>(high << 4 | value));
    high = high >= 0 ? -1 : value;
  }
  return bytes;
}

net::IpAddress ip(std::string_view text) {
  return *net::IpAddress::parse(text);
}

Bytes packet(std::string_view message, const char* source = "10.9.0.2",
             const char* destination = "224.0.0.18", std::uint16_t id = 1) {
  return vrrp::build_ipv4_packet(unhex(message), ip(source), ip(destination), id);
}

Bytes ipv6_packet(std::string_view message, std::uint8_t hop_limit = 255) {
  const Bytes payload = unhex(message);
  Bytes bytes = unhex(
      "6c00 0000 0028 70ff fe80 0000 0000 0000 947e 05ff fe53 a239"
      "ff02 0000 0000 0000 0000 0000 0000 0012");
  bytes[5] = static_cast<std::uint8_t>(payload.size());
  bytes[7] = hop_limit;
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

class TraceTest : public testing::Test {
 protected:
  TraceTest() {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
  }
  static std::string describe(const Bytes& bytes) { return describe_packet(bytes, WallTime(1s)); }
};

constexpr const char* v2_password = "2133 5001 0101 20fb 0a090064 31313131 00000000";

TEST_F(TraceTest, APasswordAdvertIsPrintedAsTheTutorialShowsIt) {
  vrrp::Advert advert;
  advert.virtual_router_id = 55;
  advert.priority = 100;
  advert.auth_type = vrrp::auth_password;
  advert.password = vrrp::make_password("1234");
  advert.addresses = {ip("192.168.175.100")};
  const auto source = ip("192.168.175.101");
  const auto group = ip("224.0.0.18");
  const auto bytes =
      vrrp::build_ipv4_packet(vrrp::build_message(advert, source, group), source, group, 1201);
  const WallTime time(10h + 53min + 30s + 289929us);
  EXPECT_EQ(describe_packet(bytes, time),
            "10:53:30.289929 IP (tos 0xc0, ttl 255, id 1201, offset 0, flags [none], proto VRRP "
            "(112), length 40)\n"
            "    192.168.175.101 > 224.0.0.18: vrrp 192.168.175.101 > 224.0.0.18: VRRPv2, "
            "Advertisement, vrid 55, prio 100, authtype simple, intvl 1s, length 20, addrs: "
            "192.168.175.100 auth \"1234^@^@^@^@\"");
}

TEST_F(TraceTest, TheGoldenVectorsAreDecodedWithoutAComplaint) {
  EXPECT_EQ(
      describe(packet(v2_password)),
      "00:00:01.000000 IP (tos 0xc0, ttl 255, id 1, offset 0, flags [none], proto VRRP (112), "
      "length 40)\n"
      "    10.9.0.2 > 224.0.0.18: vrrp 10.9.0.2 > 224.0.0.18: VRRPv2, Advertisement, vrid 51, "
      "prio 80, authtype simple, intvl 1s, length 20, addrs: 10.9.0.100 auth "
      "\"1111^@^@^@^@\"");
  const auto no_auth = describe(packet("2140 9601 0001 3e74 0a090040 00000000 00000000"));
  EXPECT_THAT(no_auth, HasSubstr("vrid 64, prio 150, authtype none, intvl 1s, length 20, addrs: "
                                 "10.9.0.64"));
  EXPECT_THAT(no_auth, Not(HasSubstr("auth \"")));
  const auto v3 = describe(packet("313c 9601 0032 43b2 0a09003c", "10.9.0.1"));
  EXPECT_THAT(v3, HasSubstr("VRRPv3, Advertisement, vrid 60, prio 150, intvl 50cs, length 12, "
                            "addrs: 10.9.0.60"));
  const auto unicast = describe(packet("313d 9601 0032 18bc 0a09003d", "10.9.0.1", "10.9.0.254"));
  for (const auto& text : {no_auth, v3, unicast}) {
    EXPECT_THAT(text, Not(HasSubstr("BAD"))) << text;
    EXPECT_THAT(text, Not(HasSubstr("note"))) << text;
  }
}

TEST_F(TraceTest, AnIpv6AdvertIsDecodedWithAllItsAddresses) {
  const auto text = describe(ipv6_packet(
      "313f 9602 0032 0302 fe800000000000000000000000000063 fd090000000000000000000000000063"));
  EXPECT_THAT(text, HasSubstr("IP6 (class 0xc0, flowlabel 0x00000, hlim 255, next-header VRRP "
                              "(112) payload length: 40)"));
  EXPECT_THAT(text, HasSubstr("fe80::947e:5ff:fe53:a239 > ff02::12: VRRPv3, Advertisement, vrid "
                              "63, prio 150, intvl 50cs, length 40, addrs(2): fe80::63,fd09::63"));
  EXPECT_THAT(text, Not(HasSubstr("BAD")));
}

TEST_F(TraceTest, APriorityOfZeroIsExplained) {
  const auto text = describe(packet("2133 0001 0101 70fb 0a090064 31313131 00000000"));
  EXPECT_THAT(text, HasSubstr("prio 0,"));
  EXPECT_THAT(text, HasSubstr("note: priority 0: this router gives up the virtual address"));
}

TEST_F(TraceTest, AnOldKeepalivedsChecksumIsNoted) {
  const auto text = describe(packet("313e 9601 0032 43ae 0a09003e", "10.9.0.1", "10.9.0.254"));
  EXPECT_THAT(text, HasSubstr("note: checksum in the form of old keepalived"));
  EXPECT_THAT(text, Not(HasSubstr("BAD")));
}

TEST_F(TraceTest, ABadChecksumIsToldWithItsValue) {
  const auto text = describe(packet("2133 5001 0101 20fc 0a090064 31313131 00000000"));
  EXPECT_THAT(text, HasSubstr("BAD: "));
  EXPECT_THAT(text, HasSubstr("checksum"));
  EXPECT_THAT(text, HasSubstr("(0x20fc)"));
}

TEST_F(TraceTest, ATtlBelow255IsBadForMulticastOnly) {
  auto bytes = packet(v2_password);
  bytes[8] = 64;
  EXPECT_THAT(describe(bytes), HasSubstr("BAD: ttl is 64, not 255"));
  bytes = packet("313d 9601 0032 18bc 0a09003d", "10.9.0.1", "10.9.0.254");
  bytes[8] = 64;
  EXPECT_THAT(describe(bytes), Not(HasSubstr("not 255")));
  EXPECT_THAT(describe(ipv6_packet("313f 9602 0032 0302 fe800000000000000000000000000063 "
                                   "fd090000000000000000000000000063",
                                   1)),
              HasSubstr("hop limit is 1, not 255"));
}

TEST_F(TraceTest, AnAddressCountThatDoesNotFitTheLengthIsTold) {
  const auto text = describe(packet("2133 5003 0101 1ef9 0a090064 31313131 00000000"));
  EXPECT_THAT(text, HasSubstr("BAD: "));
  EXPECT_THAT(text, HasSubstr("(length 20, 3 addresses)"));
}

TEST_F(TraceTest, AnUnknownTypeAndVersionAreTold) {
  EXPECT_THAT(describe(packet("2233 5001 0101 1ffb 0a090064 31313131 00000000")),
              HasSubstr("BAD: VRRP type is not advertisement"));
  EXPECT_THAT(describe(packet("4133 5001 0101 00fb 0a090064 31313131 00000000")),
              HasSubstr("BAD: VRRP version is neither 2 nor 3"));
}

TEST_F(TraceTest, AnAuthenticationHeaderIsToldAsSuch) {
  auto message = unhex("70040000 c0a8af65 00000007 aabbccdd eeff0011 22334455");
  const auto advert = unhex("2133 6401 0201 0000 0a090064 00000000 00000000");
  message.insert(message.end(), advert.begin(), advert.end());
  auto bytes = vrrp::build_ipv4_packet(message, ip("10.9.0.2"), ip("224.0.0.18"), 1);
  bytes[9] = 51;
  const auto text = describe(bytes);
  EXPECT_THAT(text, HasSubstr("proto AH (51), length 64"));
  EXPECT_THAT(text, HasSubstr("AH(spi=0xc0a8af65,seq=0x7): vrrp "));
  EXPECT_THAT(text, HasSubstr("authtype ah"));
  EXPECT_THAT(text, HasSubstr("authenticated by IPsec AH"));
}

TEST_F(TraceTest, NoTruncationAndNoBitFlipEndsBadly) {
  for (const Bytes& whole :
       {packet(v2_password), packet("313d 9601 0032 18bc 0a09003d", "10.9.0.1", "10.9.0.254"),
        ipv6_packet("313f 9602 0032 0302 fe800000000000000000000000000063 "
                    "fd090000000000000000000000000063")}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_THAT(describe(Bytes(whole.begin(), whole.begin() + static_cast<long>(size))),
                  HasSubstr("BAD"))
          << size;
    }
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      Bytes flipped = whole;
      flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
      EXPECT_THAT(describe(flipped), HasSubstr("00:00:01.000000"));
    }
  }
}

}  // namespace
}  // namespace baton::cli
