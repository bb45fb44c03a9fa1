// The kernel's table of neighbours as text.

#include "linux/neighbours.h"

#include <gtest/gtest.h>

namespace baton::linux {
namespace {

constexpr const char* table =
    "IP address       HW type     Flags       HW address            Mask     Device\n"
    "192.168.175.121  0x1         0x2         00:16:3e:00:00:01     *        ens33\n"
    "192.168.175.122  0x1         0x0         00:00:00:00:00:00     *        ens33\n"
    "10.34.0.2        0x1         0x2         00:16:3e:00:00:02     *        ens34\n";

TEST(Neighbours, AreThoseOfTheLinkThatHaveAnsweredOnce) {
  EXPECT_EQ(parse_neighbours(table, "ens33"),
            std::vector{net::IpAddress::ipv4(192, 168, 175, 121)});
  EXPECT_EQ(parse_neighbours(table, "ens34"), std::vector{net::IpAddress::ipv4(10, 34, 0, 2)});
  EXPECT_TRUE(parse_neighbours(table, "eth0").empty());
}

TEST(Neighbours, AreBoundedAndBearGarbage) {
  std::string many;
  for (int i = 1; i < 100; ++i) many += "10.0.0." + std::to_string(i) + " 0x1 0x2 m * eth0\n";
  EXPECT_EQ(parse_neighbours(many, "eth0").size(), neighbours_max);
  for (const char* text : {"", "\n\n", "a b c d e eth0", "x", "10.0.0.1 0x1 0x2"}) {
    EXPECT_TRUE(parse_neighbours(text, "eth0").empty()) << text;
  }
}

}  // namespace
}  // namespace baton::linux
