// Addresses: text both ways, order, prefixes.

#include "net/address.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "net/checksum.h"

namespace baton::net {
namespace {

TEST(IpAddress, ParsesWhatItPrints) {
  for (const char* text : {"0.0.0.0", "192.168.175.100", "255.255.255.255", "::", "fe80::1"}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->text(), text);
  }
}

TEST(IpAddress, RefusesWhatIsNoAddress) {
  for (const char* text : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.4/24", "fe80::g", "a"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, OrdersAsUnsignedNumbers) {
  EXPECT_LT(*IpAddress::parse("10.9.0.1"), *IpAddress::parse("10.9.0.200"));
  EXPECT_LT(*IpAddress::parse("9.255.255.255"), *IpAddress::parse("10.0.0.0"));
}

TEST(Prefix, WithoutLengthIsTheWholeAddress) {
  EXPECT_EQ(Prefix::parse("192.168.175.100")->text(), "192.168.175.100/32");
  EXPECT_EQ(Prefix::parse("fd00::1")->length, 128);
  EXPECT_FALSE(Prefix::parse("1.2.3.4/33"));
}

TEST(Prefix, ContainsItsRangeAndNothingElse) {
  const auto prefix = *Prefix::parse("10.1.2.0/23");
  EXPECT_TRUE(prefix.contains(*IpAddress::parse("10.1.3.255")));
  EXPECT_FALSE(prefix.contains(*IpAddress::parse("10.1.4.0")));
  EXPECT_FALSE(prefix.contains(*IpAddress::parse("::1")));
}

TEST(Endpoint, SurvivesTheSocketAddress) {
  for (const char* text : {"127.0.0.1:80", "[::1]:8080"}) {
    sockaddr_storage storage;
    const auto endpoint = *Endpoint::parse(text);
    endpoint.to_sockaddr(storage);
    EXPECT_EQ(Endpoint::from_sockaddr(reinterpret_cast<sockaddr*>(&storage))->text(), text);
  }
}

TEST(InternetChecksum, MatchesTheGoldenAdvert) {
  const std::uint8_t advert[] = {0x21, 0x33, 0x50, 0x01, 0x01, 0x01, 0x20, 0xfb, 0x0a, 0x09,
                                 0x00, 0x64, 0x31, 0x31, 0x31, 0x31, 0,    0,    0,    0};
  EXPECT_EQ(InternetChecksum().add(advert).value(), 0);
}

}  // namespace
}  // namespace baton::net
