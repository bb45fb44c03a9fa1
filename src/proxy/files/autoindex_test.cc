// Listings as text.

#include "proxy/files/autoindex.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::proxy {
namespace {

using config::StaticSettings;
using testing::HasSubstr;

ListedFile entry(std::string name, ListedFile::Kind kind = ListedFile::Kind::file,
                 std::uint64_t size = 0) {
  return {std::move(name), kind, size, WallTime{std::chrono::seconds(1706933106)}};
}

std::string list(std::vector<ListedFile> files, StaticSettings settings = {}, bool utf8 = false) {
  return listing_of("/<dir>/", std::move(files), settings, utf8, {});
}

TEST(Autoindex, FoldersComeFirstAndNamesAreSorted) {
  const std::string page = list({entry("b"), entry("a"), entry("z", ListedFile::Kind::folder)});
  EXPECT_LT(page.find("\"z/\""), page.find("\"a\""));
  EXPECT_LT(page.find("\"a\""), page.find("\"b\""));
}

TEST(Autoindex, NothingOfANameIsMarkup) {
  const std::string page = list({entry("<script>\"&")});
  EXPECT_THAT(page, HasSubstr("<title>Index of /&lt;dir&gt;/</title>"));
  EXPECT_THAT(page, HasSubstr("<a href=\"%3Cscript%3E%22%26\">&lt;script&gt;&quot;&amp;</a>"));
}

TEST(Autoindex, LongNamesAreCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 60; ++i) name += "\xc3\xa4";
  const std::string page = list({entry(name)}, {}, true);
  EXPECT_THAT(page, HasSubstr(">" + name.substr(0, 94) + "..&gt;</a> 03-Feb-2024"));
}

TEST(Autoindex, JsonEscapesControlCharacters) {
  StaticSettings settings;
  settings.format = StaticSettings::Format::json;
  EXPECT_EQ(list({entry("a\n\"\\\x01")}, settings),
            "[\r\n{ \"name\":\"a\\n\\\"\\\\\\u0001\", \"type\":\"file\", "
            "\"mtime\":\"Sat, 03 Feb 2024 04:05:06 GMT\", \"size\":0 }\r\n]");
  EXPECT_EQ(list({}, settings), "[\r\n]");
}

TEST(Autoindex, SizesAreRoundedInTheirUnit) {
  StaticSettings settings;
  settings.exact_size = false;
  const auto shown = [&](std::uint64_t size) {
    const std::string page = list({entry("f", ListedFile::Kind::file, size)}, settings);
    const std::size_t at = page.find("04:05 ") + 6;
    return page.substr(at, page.find('\r', at) - at);
  };
  EXPECT_EQ(shown(9999), "   9999");
  EXPECT_EQ(shown(10000), "    10K");
  EXPECT_EQ(shown((1 << 20) + (1 << 19)), "     2M");
  EXPECT_EQ(shown(5ULL << 30), "     5G");
}

}  // namespace
}  // namespace baton::proxy
