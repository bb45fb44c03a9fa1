// Includes are put in their place; text that is wrong leaves the rest readable.

#include "config/nginx/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/nginx/dump.h"
#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(const std::vector<Directive>& tree) {
  std::vector<std::string> result;
  for (const Directive& directive : tree) {
    result.push_back(directive.problem.empty() ? directive.name() : "! " + directive.problem);
  }
  return result;
}

std::vector<Directive> parse(std::string_view text) {
  SourceTree sources = SourceTree::from_disk();
  return Parser(sources, "/nowhere").parse_command_line(text);
}

TEST(Parser, NestsBlocks) {
  const auto tree = parse("a { b { c 1; } d; } e;");
  EXPECT_THAT(names(tree), ElementsAre("a", "e"));
  EXPECT_THAT(names(tree[0].block), ElementsAre("b", "d"));
  EXPECT_THAT(names(tree[0].block[0].block), ElementsAre("c"));
}

TEST(Parser, GoesOnAfterALoneBraceOrSemicolon) {
  EXPECT_THAT(
      names(parse("; a; { b; } c; } d;")),
      ElementsAre("! unexpected \";\"", "a", "! unexpected \"{\"", "c", "! unexpected \"}\"", "d"));
}

TEST(Parser, AWordBehindAQuoteIsReadOnAsAWordOfItsOwn) {
  const auto tree = parse("a \"b\"c d; e;");
  EXPECT_THAT(names(tree), ElementsAre("! unexpected \"c\"", "a", "e"));
  EXPECT_EQ(tree[1].count(), 3u);
}

TEST(Parser, BoundsTheDepthOfBlocks) {
  std::string text;
  for (int i = 0; i < 10000; ++i) text += "a {";
  const auto tree = parse(text);
  EXPECT_EQ(tree.size(), 1u);
}

TEST(Include, PutsFilesInPlaceRelativeToTheMainFile) {
  const Loaded loaded = load_text(
      "include part.conf;\nevents {}\nhttp { include conf.d/*.conf; }",
      {{"/etc/nginx/part.conf", "worker_processes 4;\n"},
       {"/etc/nginx/conf.d/a.conf", "server { listen 81; include one.inc; }"},
       {"/etc/nginx/conf.d/b.conf", "server { listen 82; }"},
       {"/etc/nginx/one.inc", "location /x { return 204; }"}},
      {{"/etc/nginx/conf.d/*.conf", {"/etc/nginx/conf.d/a.conf", "/etc/nginx/conf.d/b.conf"}}});
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  EXPECT_EQ(loaded.proxy->worker_processes, 4u);
  ASSERT_EQ(loaded.proxy->servers.size(), 2u);
  EXPECT_EQ(loaded.proxy->servers[0].locations[1].pattern, "/x");
  EXPECT_EQ(*loaded.proxy->servers[0].locations[1].where.file, "/etc/nginx/one.inc");
}

TEST(Include, APatternMayMatchNothingButAFileMustBeThere) {
  EXPECT_THAT(load_text("include a*.conf;\nevents {}").errors(), IsEmpty());
  EXPECT_THAT(load_text("include a.conf;\nevents {}").errors(),
              ElementsAre("1:9 open() \"/etc/nginx/a.conf\" failed (2: No such file or "
                          "directory)"));
}

TEST(Include, AFileThatIncludesItselfIsRefused) {
  EXPECT_THAT(load_text("include a.conf;\nevents {}", {{"/etc/nginx/a.conf", "include b.conf;"},
                                                       {"/etc/nginx/b.conf", "include a.conf;"}})
                  .errors(),
              ElementsAre("1:9 \"/etc/nginx/a.conf\" includes itself"));
}

TEST(Include, BracesPairUpWithinAFile) {
  EXPECT_THAT(
      load_text("events {}\nhttp { include a; }", {{"/etc/nginx/a", "}\nserver {"}}).errors(),
      ElementsAre("1:1 unexpected \"}\"", "2:9 unexpected end of file, expecting \"}\""));
}

TEST(Include, FilesThatDoubleEachOtherEnd) {
  std::map<std::string, std::string> files;
  for (int i = 0; i < 25; ++i) {
    files[fmt::format("/etc/nginx/{}", i)] = fmt::format("include {0};\ninclude {0};\n", i + 1);
  }
  files["/etc/nginx/25"] = "";
  EXPECT_FALSE(load_text("events {}\ninclude 0;", files).proxy);
}

TEST(Dump, PrintsEveryFileOnce) {
  auto sources = SourceTree::unpack("baton-sources-1\nf2:/a11:include b;\nf2:/b0:");
  ASSERT_TRUE(sources);
  EXPECT_EQ(dump(*sources), "# configuration file /a:\ninclude b;\n\n# configuration file /b:\n\n");
}

}  // namespace
}  // namespace baton::config::nginx
