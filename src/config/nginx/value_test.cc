// Values are read with nginx's units, bounds and order.

#include "config/nginx/value.h"

#include <gtest/gtest.h>

namespace baton::config::nginx {
namespace {

TEST(Size, KnowsKiloAndMegaInEitherCase) {
  EXPECT_EQ(parse_size("8"), 8u);
  EXPECT_EQ(parse_size("8k"), 8192u);
  EXPECT_EQ(parse_size("8K"), 8192u);
  EXPECT_EQ(parse_size("1M"), 1048576u);
}

TEST(Size, KnowsGigaOnlyForOffsets) {
  EXPECT_FALSE(parse_size("1g"));
  EXPECT_EQ(parse_offset("1g"), 1u << 30);
  EXPECT_EQ(parse_offset("2m"), 2u << 20);
}

TEST(Size, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", "k", "1kb", "-1", "+1", "1.5k", " 1", "99999999999999999999", "9999999999999999k"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(Time, ABareNumberIsSeconds) {
  EXPECT_EQ(parse_milliseconds("65"), Duration(65s));
  EXPECT_EQ(parse_seconds("0"), Duration(0s));
}

TEST(Time, AddsUnitsUpFromLargeToSmall) {
  EXPECT_EQ(parse_milliseconds("1h 30m"), Duration(90min));
  EXPECT_EQ(parse_milliseconds("1h30m"), Duration(90min));
  EXPECT_EQ(parse_milliseconds("1s500ms"), Duration(1500ms));
  EXPECT_EQ(parse_milliseconds("2w 3d"), Duration(std::chrono::days(17)));
  EXPECT_EQ(parse_seconds("1y 2M"), Duration(std::chrono::days(365 + 60)));
  EXPECT_EQ(parse_milliseconds("1h30"), Duration(1h + 30s));
}

TEST(Time, RefusesUnitsOutOfOrderOrTwice) {
  for (const char* text : {"30m1h", "1m1m", "1ms1s", "30 5ms", "1 2 3"}) {
    EXPECT_FALSE(parse_milliseconds(text)) << text;
  }
}

TEST(Time, MillisecondsAndSecondsKnowDifferentUnits) {
  EXPECT_EQ(parse_milliseconds("5ms"), Duration(5ms));
  EXPECT_FALSE(parse_seconds("5ms"));
  EXPECT_FALSE(parse_milliseconds("1y"));
  EXPECT_FALSE(parse_milliseconds("1M"));
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text :
       {"", "s", "-1", "1.5s", "5S", "1x", "99999999999999999999s", "9999999999999999d", " 5s"}) {
    EXPECT_FALSE(parse_milliseconds(text)) << text;
  }
}

TEST(Switch, IsOnOrOffInEitherCase) {
  EXPECT_EQ(parse_switch("ON"), true);
  EXPECT_EQ(parse_switch("off"), false);
  EXPECT_FALSE(parse_switch("yes"));
}

}  // namespace
}  // namespace baton::config::nginx
