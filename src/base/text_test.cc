// Text helpers.

#include "base/text.h"

#include <gtest/gtest.h>

namespace baton {
namespace {

TEST(Text, ParsesNumbersWholeOrNotAtAll) {
  EXPECT_EQ(parse_unsigned("65535", 65535), 65535u);
  EXPECT_FALSE(parse_unsigned("65536", 65535));
  EXPECT_FALSE(parse_unsigned("150;"));
  EXPECT_FALSE(parse_unsigned("-1"));
  EXPECT_FALSE(parse_unsigned(""));
  EXPECT_EQ(parse_signed("-20"), -20);
  EXPECT_DOUBLE_EQ(*parse_decimal("0.25"), 0.25);
}

TEST(Text, SplitsWordsOnBlanks) {
  const auto words = split_words("  a\tbc  d ");
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(words[1], "bc");
}

TEST(Text, SuggestsANearWordOnly) {
  const std::vector<std::string_view> known{"proxy_pass", "upstream", "priority"};
  EXPECT_EQ(closest_word("proxy_pas", known), "proxy_pass");
  EXPECT_EQ(closest_word("prioriti", known), "priority");
  EXPECT_EQ(closest_word("zzz", known), "");
}

TEST(Text, MakesAnyBytesPrintable) {
  EXPECT_EQ(printable("a\n\xff"), "a\\x0A\\xFF");
  EXPECT_EQ(printable("abcdef", 3), "abc...");
}

}  // namespace
}  // namespace baton
