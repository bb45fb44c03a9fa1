// geo blocks become stretches of addresses without overlap.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/model/variable.h"
#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

std::string find(const Loaded& loaded, std::string_view address) {
  return std::string(loaded.proxy->variables[0]->geo->find(*net::IpAddress::parse(address)));
}

TEST(Geo, LongestNetworkWins) {
  const Loaded loaded = load_http(
      "geo $v { default d; 10.0.0.0/8 a; 10.1.0.0/16 b; 10.1.2.3 c; 255.0.0.0/8 e; ::1 f; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(find(loaded, "0.0.0.0"), "d");
  EXPECT_EQ(find(loaded, "10.0.0.0"), "a");
  EXPECT_EQ(find(loaded, "10.1.2.2"), "b");
  EXPECT_EQ(find(loaded, "10.1.2.3"), "c");
  EXPECT_EQ(find(loaded, "10.1.2.4"), "b");
  EXPECT_EQ(find(loaded, "10.2.0.0"), "a");
  EXPECT_EQ(find(loaded, "11.0.0.0"), "d");
  EXPECT_EQ(find(loaded, "255.255.255.255"), "e");
  EXPECT_EQ(find(loaded, "::1"), "f");
  EXPECT_EQ(find(loaded, "::2"), "d");
  EXPECT_EQ(find(loaded, "::ffff:10.1.2.3"), "c");
}

TEST(Geo, RangesInsideRangesInterruptThem) {
  const Loaded loaded = load_http(
      "geo $v { ranges; default d; 1.0.0.0-1.0.0.255 a; 1.0.0.10-1.0.0.20 b; 1.0.1.0-1.0.1.9 c; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(find(loaded, "1.0.0.9"), "a");
  EXPECT_EQ(find(loaded, "1.0.0.10"), "b");
  EXPECT_EQ(find(loaded, "1.0.0.21"), "a");
  EXPECT_EQ(find(loaded, "1.0.1.0"), "c");
  EXPECT_EQ(find(loaded, "1.0.1.10"), "d");
  EXPECT_EQ(find(loaded, "0.255.255.255"), "d");
}

TEST(Geo, WithoutADefaultThereIsNothing) {
  const Loaded loaded = load_http("geo $v { 10.0.0.0/8 a; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(find(loaded, "9.0.0.1"), "");
  EXPECT_EQ(find(loaded, "11.0.0.1"), "");
}

TEST(Geo, ABlockAmongTheValuesIsRefusedWithWhatIsWrongInside) {
  const Loaded loaded = load_http("geo $v { default d; 10.0.0.0/8 { a b; c }; } }");
  EXPECT_THAT(loaded.errors(), testing::Contains(testing::HasSubstr("unexpected \"{\"")));
  EXPECT_GE(loaded.errors().size(), 2u);
}

}  // namespace
}  // namespace baton::config::nginx
