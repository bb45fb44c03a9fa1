#include "proxy/routing/locations.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>

namespace baton::proxy {
namespace {

using Match = config::Location::Match;

// A server with locations given as "match pattern" pairs; location 0 is the server itself.
class Server {
 public:
  Server() { model_.locations.emplace_back().match = Match::server; }
  std::uint32_t add(Match match, const std::string& pattern, bool proxied = false) {
    model_.top_level.push_back(make(match, pattern, proxied));
    return model_.top_level.back();
  }
  std::uint32_t nest(std::uint32_t outer, Match match, const std::string& pattern) {
    const std::uint32_t inner = make(match, pattern, false);
    model_.locations[outer].children.push_back(inner);
    return inner;
  }
  std::uint32_t find(std::string_view path) {
    locations_.emplace(model_);  // captures point into it
    found_ = locations_->find(path, captures_);
    return found_.location;
  }
  [[nodiscard]] bool add_slash() const { return found_.add_slash; }
  [[nodiscard]] const std::vector<Capture>& captures() const { return captures_; }
  config::Server& model() { return model_; }

 private:
  std::uint32_t make(Match match, const std::string& pattern, bool proxied) {
    config::Location location;
    location.match = match;
    location.pattern = pattern;
    if (proxied) location.proxy = std::make_shared<config::ProxyPass>();
    model_.locations.push_back(std::move(location));
    return static_cast<std::uint32_t>(model_.locations.size() - 1);
  }
  config::Server model_;
  std::optional<Locations> locations_;
  Locations::Found found_;
  std::vector<Capture> captures_;
};

TEST(Locations, WithoutAnyTheServerItselfAnswers) {
  EXPECT_EQ(Server().find("/x"), 0u);
}

TEST(Locations, LongestPrefixWinsWhateverTheOrder) {
  Server server;
  const auto images = server.add(Match::prefix, "/images/");
  const auto root = server.add(Match::prefix, "/");
  const auto big = server.add(Match::prefix, "/images/big");
  const auto other = server.add(Match::prefix, "/imagesx");
  EXPECT_EQ(server.find("/"), root);
  EXPECT_EQ(server.find("/image"), root);
  EXPECT_EQ(server.find("/images/a"), images);
  EXPECT_EQ(server.find("/images/bigger"), big);
  EXPECT_EQ(server.find("/images/bi"), images);
  EXPECT_EQ(server.find("/imagesx/y"), other);
  EXPECT_EQ(server.find("/imagesw"), root);
  EXPECT_EQ(server.find("/zzz"), root);
}

TEST(Locations, ExactMatchEndsTheSearch) {
  Server server;
  const auto root = server.add(Match::prefix, "/");
  const auto exact = server.add(Match::exact, "/a");
  server.add(Match::regex, "^/a");
  EXPECT_EQ(server.find("/a"), exact);
  EXPECT_NE(server.find("/a/b"), exact);
  EXPECT_EQ(server.find("/b"), root);
}

TEST(Locations, RegexBeatsPrefixUnlessThePrefixForbidsIt) {
  Server server;
  server.add(Match::prefix, "/");
  const auto images = server.add(Match::prefix_no_regex, "/images/");
  server.add(Match::prefix, "/docs/");
  const auto gif = server.add(Match::regex_no_case, "\\.(gif|jpg)$");
  const auto php = server.add(Match::regex, "\\.php$");
  EXPECT_EQ(server.find("/docs/a.GIF"), gif);
  EXPECT_EQ(server.find("/images/a.gif"), images);
  EXPECT_EQ(server.find("/a.php"), php);
  EXPECT_NE(server.find("/a.PHP"), php);
}

TEST(Locations, FirstMatchingRegexWinsAndCaptures) {
  Server server;
  const auto first = server.add(Match::regex, "^/(?<year>\\d+)/(.*)$");
  server.add(Match::regex, "^/1");
  EXPECT_EQ(server.find("/1999/abc"), first);
  ASSERT_EQ(server.captures().size(), 3u);
  EXPECT_EQ(server.captures()[1].text, "1999");
  EXPECT_EQ(server.captures()[1].name, "year");
  EXPECT_EQ(server.captures()[2].text, "abc");
}

TEST(Locations, NestedOnesAreSearchedWithinTheirOuterOne) {
  Server server;
  const auto outer = server.add(Match::prefix, "/a/");
  const auto inner = server.nest(outer, Match::prefix, "/a/b/");
  const auto inner_regex = server.nest(outer, Match::regex, "\\.txt$");
  const auto regex = server.add(Match::regex, "x$");
  EXPECT_EQ(server.find("/a/c"), outer);
  EXPECT_EQ(server.find("/a/b/c"), inner);
  EXPECT_EQ(server.find("/a/b/c.txt"), inner_regex);
  EXPECT_EQ(server.find("/a/b/x"), regex) << "an outer regex is tried after nested prefixes";
}

TEST(Locations, ProxiedFolderWithoutItsSlashIsRedirected) {
  Server server;
  server.add(Match::prefix, "/");
  const auto app = server.add(Match::prefix, "/app/", true);
  server.add(Match::prefix, "/files/", false);
  EXPECT_EQ(server.find("/app"), app);
  EXPECT_TRUE(server.add_slash());
  EXPECT_EQ(server.find("/app/x"), app);
  EXPECT_FALSE(server.add_slash());
  server.find("/files");
  EXPECT_FALSE(server.add_slash());
  const auto exact = server.add(Match::exact, "/app");
  EXPECT_EQ(server.find("/app"), exact);
  EXPECT_FALSE(server.add_slash());
}

TEST(Locations, NamedOnesAreFoundByNameOnly) {
  Server server;
  const auto named = server.add(Match::named, "@fallback");
  EXPECT_EQ(Locations(server.model()).find_named("@fallback"), named);
  EXPECT_FALSE(Locations(server.model()).find_named("@other").has_value());
  EXPECT_EQ(server.find("@fallback"), 0u);
}

TEST(Locations, TwentyThousandPrefixesAreFoundEachByItsOwnPath) {
  Server server;
  std::vector<std::uint32_t> index;
  for (int i = 0; i < 20000; ++i) {
    index.push_back(server.add(Match::prefix, "/p" + std::to_string(i) + "/", true));
  }
  const Locations locations(server.model());
  std::vector<Capture> captures;
  for (int i = 0; i < 20000; ++i) {
    EXPECT_EQ(locations.find("/p" + std::to_string(i) + "/x", captures).location,
              index[static_cast<std::size_t>(i)]);
  }
}

}  // namespace
}  // namespace baton::proxy
