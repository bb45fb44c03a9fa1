#include "proxy/filters/charset_filter.h"

#include <gtest/gtest.h>

namespace baton::proxy {
namespace {

config::CharsetMap bytes_map() {
  config::CharsetMap map;
  map.forth[0xc1] = '\xe0';
  map.back[0xe0] = '\xc1';
  return map;
}

config::CharsetMap utf8_map() {
  config::CharsetMap map;
  map.is_to_utf8 = true;
  map.sequences[0xc1] = "\xd0\xb0";
  map.bytes_of[0x430] = '\xc1';
  return map;
}

std::string recode(const config::CharsetMap& map, bool backwards, std::string_view text,
                   std::size_t step) {
  CharsetFilter filter({&map, backwards});
  std::string output;
  while (text.size() > step) {
    EXPECT_TRUE(filter.filter(text.substr(0, step), BodyPart::more, output));
    text.remove_prefix(step);
  }
  EXPECT_TRUE(filter.filter(text, BodyPart::last, output));
  return output;
}

TEST(CharsetFilter, BytesAreLookedUpInBothDirections) {
  EXPECT_EQ(recode(bytes_map(), false, "a\xc1\xc2", 1), "a\xe0?");
  EXPECT_EQ(recode(bytes_map(), true, "a\xe0\xe1", 9), "a\xc1?");
}

TEST(CharsetFilter, BytesBecomeUtf8) {
  EXPECT_EQ(recode(utf8_map(), false, "a\xc1z\xc2", 9), "a\xd0\xb0z?");
}

TEST(CharsetFilter, Utf8BecomesBytesWhereverItIsCut) {
  for (const std::size_t step : {1u, 2u, 3u, 99u}) {
    EXPECT_EQ(recode(utf8_map(), true, "a\xd0\xb0z\xe2\x82\xac!", step), "a\xc1z&#8364;!") << step;
  }
}

TEST(CharsetFilter, BrokenUtf8IsUnknown) {
  for (const std::size_t step : {1u, 99u}) {
    EXPECT_EQ(recode(utf8_map(), true, "a\xff\xd0z", step), "a??z") << step;
    EXPECT_EQ(recode(utf8_map(), true, "a\xd0", step), "a?") << step;
  }
}

}  // namespace
}  // namespace baton::proxy
