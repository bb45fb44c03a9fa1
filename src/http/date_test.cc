// HTTP dates: RFC 9110's own examples and what must not pass for a date.

#include "http/date.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

const WallTime example = WallTime(784111777s);

TEST(HttpDate, WritesTheExampleOfTheRfc) {
  EXPECT_EQ(format_date(example).view(), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(format_date(WallTime(0s)).view(), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(HttpDate, ReadsAllThreeForms) {
  EXPECT_EQ(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), example);
  EXPECT_EQ(parse_date("Sunday, 06-Nov-94 08:49:37 GMT"), example);
  EXPECT_EQ(parse_date("Sun Nov  6 08:49:37 1994"), example);
}

TEST(HttpDate, ReadsWhatItWrites) {
  for (std::int64_t second = 951'000'000; second < 2'000'000'000; second += 86'399'999) {
    const WallTime time{std::chrono::seconds(second)};
    EXPECT_EQ(parse_date(format_date(time).view()), time) << second;
  }
}

TEST(HttpDate, RefusesWhatIsNoDate) {
  for (const char* text : {"", "0", "Sun", "Sun, 06 Nov 1994", "Sun, 06 Nov 1994 08:49:37",
                           "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
                           "Sun, 06 Nov 1994 08:61:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
                           "Sun, 06 Xyz 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
                           "Sun, 06 anF 1994 08:49:37 GMT"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

}  // namespace
}  // namespace baton::http
