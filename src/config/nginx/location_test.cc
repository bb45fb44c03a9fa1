// Locations: matching, nesting, and what they say about answers, files, headers and logs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/model/headers.h"
#include "config/model/rewrite.h"
#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Match = Location::Match;

Loaded load_server(std::string_view text) {
  return load_http(fmt::format("server {{\n{}\n}}", text));
}

// The first location of the server, or that of the server itself.
Location first_location(std::string_view text) {
  const Loaded loaded = load_server(text);
  if (!loaded.proxy) {
    ADD_FAILURE() << testing::PrintToString(loaded.lines());
    return {};
  }
  const auto& locations = loaded.proxy->servers[0].locations;
  return locations.size() > 1 ? locations[1] : locations[0];
}

// The first `return` of a location's program; code 0: it has none.
ReturnStep return_of(const Location& location) {
  if (!location.rewrite) return {0, {}};
  for (const ProgramStep& step : location.rewrite->steps) {
    if (const auto* action = std::get_if<ReturnStep>(&step)) return *action;
  }
  return {0, {}};
}

TEST(Location, KnowsAllWaysToMatch) {
  const Loaded loaded = load_server(
      "location / {} location = /a {} location ^~ /b {} location ~ c$ {} location ~* d$ {}\n"
      "location @e {} location =/f {} location ~*g$ {}");
  ASSERT_TRUE(loaded.proxy);
  std::vector<std::pair<Match, std::string>> found;
  for (const Location& location : loaded.proxy->servers[0].locations) {
    found.emplace_back(location.match, location.pattern);
  }
  EXPECT_THAT(found,
              ElementsAre(std::pair(Match::server, ""), std::pair(Match::prefix, "/"),
                          std::pair(Match::exact, "/a"), std::pair(Match::prefix_no_regex, "/b"),
                          std::pair(Match::regex, "c$"), std::pair(Match::regex_no_case, "d$"),
                          std::pair(Match::named, "@e"), std::pair(Match::exact, "/f"),
                          std::pair(Match::regex_no_case, "g$")));
}

TEST(Location, NestedOnesHangBelowTheirParent) {
  const Loaded loaded =
      load_server("location /a { location /a/b { location ~ c {} } } location /d {}");
  ASSERT_TRUE(loaded.proxy);
  const Server& server = loaded.proxy->servers[0];
  EXPECT_THAT(server.top_level, ElementsAre(1u, 4u));
  EXPECT_THAT(server.locations[1].children, ElementsAre(2u));
  EXPECT_THAT(server.locations[2].children, ElementsAre(3u));
}

TEST(Location, NestingHasNginxsRules) {
  EXPECT_THAT(load_server("location /a { location /b {} }").errors(),
              ElementsAre("4:24 location \"/b\" is outside location \"/a\""));
  EXPECT_THAT(load_server("location = /a { location /a/b {} }").errors(),
              ElementsAre("4:26 location \"/a/b\" cannot be inside the exact location \"/a\""));
  EXPECT_THAT(load_server("location @a { location /b {} }").errors(),
              ElementsAre("4:24 location \"/b\" cannot be inside the named location \"@a\""));
  EXPECT_THAT(load_server("location /a { location @b {} }").errors(),
              ElementsAre("4:24 named location \"@b\" can be on the server level only"));
}

TEST(Location, DuplicatesAreFoundOnTheSameLevelOnly) {
  EXPECT_THAT(load_server("location /a {}\nlocation ^~ /a {}").errors(),
              ElementsAre("5:13 duplicate location \"/a\""));
  EXPECT_THAT(load_server("location /a { location = /a {} }\nlocation = /a {}").errors(),
              IsEmpty());
}

TEST(Location, AWrongRegexIsAnErrorOfTheFile) {
  EXPECT_THAT(load_server("location ~ \"(\" { }").errors(),
              ElementsAre("4:12 pcre2_compile() failed: missing closing parenthesis in \"(\""));
}

TEST(Return, HasACodeATextOrATarget) {
  EXPECT_EQ(return_of(first_location("location / { return 204; }")).code, 204u);
  const Location text = first_location("location / { return 200 \"hello $host\"; }");
  EXPECT_EQ(return_of(text).text.parts.size(), 2u);
  const Location redirect = first_location("location / { return https://$host/; }");
  EXPECT_EQ(return_of(redirect).code, 302u);
  EXPECT_EQ(return_of(redirect).text.parts[1].variable, Variable::host);
}

TEST(Return, OfTheServerIsNotInherited) {
  const Loaded loaded = load_server("return 403; location / { }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(return_of(loaded.proxy->servers[0].locations[0]).code, 403u);
  EXPECT_EQ(return_of(loaded.proxy->servers[0].locations[1]).code, 0u);
}

TEST(Return, OneAfterAnotherIsWarnedOf) {
  const Loaded loaded = load_server("return 403; return 404;");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(return_of(loaded.proxy->servers[0].locations[0]).code, 403u);
  EXPECT_EQ(loaded.diagnostics.count(Severity::warning), 1u);
}

TEST(ErrorPage, MayChangeTheCode) {
  const Location location = first_location(
      "location / { error_page 500 502 /x; error_page 404 = @y; error_page 403 =200 /z; }");
  ASSERT_EQ(location.error_pages.size(), 3u);
  EXPECT_THAT(location.error_pages[0].codes, ElementsAre(500, 502));
  EXPECT_EQ(location.error_pages[0].answer_code, -1);
  EXPECT_EQ(location.error_pages[1].answer_code, 0);
  EXPECT_EQ(location.error_pages[1].target.literal(), "@y");
  EXPECT_EQ(location.error_pages[2].answer_code, 200);
}

TEST(Root, LiesBelowThePrefixUnlessAbsoluteOrVariable) {
  EXPECT_EQ(first_location("root html;").root.literal(), "/etc/nginx/html");
  EXPECT_EQ(first_location("root /srv/;").root.literal(), "/srv");
  EXPECT_EQ(first_location("root $arg_x;").root.parts.size(), 1u);
  const Location mixed = first_location("root sites/$host;");
  EXPECT_EQ(mixed.root.parts[0].text, "/etc/nginx/sites/");
  EXPECT_EQ(mixed.root.parts[1].variable, Variable::host);
}

TEST(Alias, RemembersHowMuchOfTheUriItReplaces) {
  const Loaded loaded = load_server(
      "location /img/ { alias /data/; location /img/x { } location /img/y { root /z; } }");
  ASSERT_TRUE(loaded.proxy);
  const auto& locations = loaded.proxy->servers[0].locations;
  EXPECT_EQ(locations[1].alias->literal(), "/data/");
  EXPECT_EQ(locations[1].alias_prefix_bytes, 5u);
  EXPECT_EQ(locations[2].alias->literal(), "/data/");
  EXPECT_EQ(locations[2].alias_prefix_bytes, 5u);
  EXPECT_FALSE(locations[3].alias);
}

TEST(Alias, OfARegexIsTheWholePath) {
  EXPECT_FALSE(first_location("location ~ ^/(.*)$ { alias /data/$1; }").alias_prefix_bytes);
}

TEST(Types, AreReplacedAsAWholeAndAddUpOnOneLevel) {
  const Location location =
      first_location("types { text/x x XX; } types { text/y y; } default_type text/z;");
  EXPECT_EQ(location.types->size(), 3u);
  EXPECT_EQ(location.types->at("xx"), "text/x");
  EXPECT_EQ(location.default_type, "text/z");
}

TEST(Types, WarnOfAnExtensionThatIsGivenTwice) {
  const Loaded loaded = load_server("types { text/x x; text/y x; }");
  EXPECT_THAT(loaded.lines(),
              ElementsAre("warning: duplicate extension \"x\", content type: \"text/y\", previous "
                          "content type: \"text/x\""));
}

Expires expires_of(std::string_view directive) {
  const Location location = first_location(directive);
  return location.headers ? location.headers->expires : Expires{};
}

TEST(Expires, HasItsForms) {
  using Kind = Expires::Kind;
  EXPECT_EQ(expires_of("expires max;").kind, Kind::max);
  EXPECT_EQ(expires_of("expires epoch;").kind, Kind::epoch);
  EXPECT_EQ(expires_of("expires -1h;").kind, Kind::after);
  EXPECT_EQ(expires_of("expires -1h;").time, Duration(-1h));
  EXPECT_EQ(expires_of("expires @15h30m;").kind, Kind::daily);
  EXPECT_EQ(expires_of("expires modified +1d;").kind, Kind::modified);
}

TEST(Expires, RefusesWhatCannotBe) {
  EXPECT_THAT(load_server("expires modified @1h;").errors(),
              ElementsAre("4:18 \"expires\" directive daily time cannot be used with \"modified\" "
                          "parameter"));
  EXPECT_THAT(load_server("expires @25h;").errors(),
              ElementsAre("4:9 \"expires\" directive daily time value must be less than 24 hours"));
  EXPECT_THAT(load_server("expires often;").errors(),
              ElementsAre("4:9 \"expires\" directive invalid value"));
}

TEST(AddHeader, InheritsAsAddHeaderInheritSays) {
  const Loaded loaded = load_http(R"(
add_header A 1;
server {
  add_header_inherit merge; add_header B 2;
  location /merged { add_header C 3; }
  location /off { add_header_inherit off; add_header D 4; }
  location /none { add_header_inherit off; }
  location /standard { add_header E 5; add_header_inherit on; }
})");
  ASSERT_TRUE(loaded.proxy);
  const auto names = [&](std::size_t location) {
    std::string text;
    for (const HeaderLine& line : loaded.proxy->servers[0].locations[location].add_headers) {
      text += line.name;
    }
    return text;
  };
  EXPECT_EQ(names(0), "BA");
  EXPECT_EQ(names(1), "CBA");
  EXPECT_EQ(names(2), "D");
  EXPECT_EQ(names(3), "");
  EXPECT_EQ(names(4), "E");
}

TEST(AccessLog, MayBeSeveralOrOff) {
  const Loaded loaded = load_http(R"(
log_format short '$remote_addr $status';
access_log /a short;
access_log logs/b;
server { location / { } location /q { access_log off; } location /r { access_log /c; } })");
  ASSERT_TRUE(loaded.proxy);
  const auto& locations = loaded.proxy->servers[0].locations;
  ASSERT_EQ(locations[1].access_logs->size(), 2u);
  EXPECT_EQ(locations[1].access_logs->at(0).format, 1u);
  EXPECT_EQ(locations[1].access_logs->at(1).path, "/etc/nginx/logs/b");
  EXPECT_EQ(locations[1].access_logs->at(1).format, 0u);
  EXPECT_EQ(locations[2].access_logs, nullptr);
  EXPECT_EQ(locations[3].access_logs->size(), 1u);
}

TEST(AccessLog, TakesItsParameters) {
  const Loaded loaded = load_http(
      "server { access_log /a combined buffer=4k flush=5s gzip=3 if=$host; "
      "access_log syslog:server=127.0.0.1,facility=local1,tag=x; access_log /b/$host.log; }");
  ASSERT_TRUE(loaded.proxy);
  const auto& logs = *loaded.proxy->servers[0].locations[0].access_logs;
  ASSERT_EQ(logs.size(), 3u);
  EXPECT_EQ(logs[0].buffer_bytes, 4096u);
  EXPECT_EQ(logs[0].flush_interval, 5s);
  EXPECT_EQ(logs[0].gzip_level, 3);
  EXPECT_TRUE(logs[0].condition);
  ASSERT_TRUE(logs[1].syslog);
  EXPECT_EQ(logs[1].syslog->endpoint.text(), "127.0.0.1:514");
  EXPECT_EQ(logs[1].syslog->facility, 17);
  EXPECT_EQ(logs[1].syslog->tag, "x");
  EXPECT_TRUE(logs[2].path_text);
}

TEST(AccessLog, ParametersThatDoNotGoTogetherAreRefused) {
  const auto first_error = [](const char* text) {
    const auto errors = load_http(std::string("server { ") + text + " }").errors();
    return errors.empty() ? std::string() : errors[0].substr(errors[0].find(' ') + 1);
  };
  EXPECT_EQ(first_error("access_log syslog:server=127.0.0.1 combined buffer=4k;"),
            "logs to syslog cannot be buffered");
  EXPECT_EQ(first_error("access_log /$host combined buffer=4k;"),
            "buffered logs cannot have variables in name");
  EXPECT_EQ(first_error("access_log /a combined buffer=4k; access_log /a combined buffer=8k;"),
            "access_log \"/a\" already defined with conflicting parameters");
  EXPECT_EQ(first_error("access_log /a combined gzip=10;"), "invalid compression level \"10\"");
  EXPECT_EQ(first_error("open_log_file_cache inactive=20s;"),
            "\"open_log_file_cache\" must have \"max\" parameter");
}

TEST(AccessLog, NeedsAFormatThatStandsBeforeIt) {
  const Loaded loaded = load_http("server { access_log /a mains; }\nlog_format main x;");
  EXPECT_THAT(loaded.errors(), ElementsAre("3:24 unknown log format \"mains\""));
  EXPECT_EQ(loaded.diagnostics.all()[0].suggestion, "did you mean \"main\"?");
  EXPECT_THAT(load_http("server { access_log /a main; }\nlog_format main x;").errors(),
              ElementsAre("3:24 unknown log format \"main\""));
}

TEST(LogFormat, JoinsItsPartsAndKnowsEscapes) {
  const Loaded loaded = load_http("log_format j escape=json '{\"a\":' \"\\\"$host\\\"}\";");
  ASSERT_TRUE(loaded.proxy);
  const LogFormat& format = loaded.proxy->log_formats.at(1);
  EXPECT_EQ(format.escape, LogFormat::Escape::json);
  EXPECT_EQ(format.text.source, "{\"a\":\"$host\"}");
}

TEST(ErrorLog, IsInheritedFromTheMainLevel) {
  const Loaded loaded = load_text(
      "error_log /m crit;\nevents {}\nhttp { server { location /x { error_log y info; } } }");
  ASSERT_TRUE(loaded.proxy);
  const auto& locations = loaded.proxy->servers[0].locations;
  EXPECT_EQ(locations[0].error_logs, nullptr);
  EXPECT_EQ(loaded.proxy->error_logs.at(0).path, "/m");
  EXPECT_EQ(loaded.proxy->error_logs.at(0).level, LogLevel::critical);
  ASSERT_EQ(locations[1].error_logs->size(), 1u);
  EXPECT_EQ(locations[1].error_logs->at(0).path, "/etc/nginx/y");
  EXPECT_EQ(locations[1].error_logs->at(0).level, LogLevel::info);
}

TEST(KeepaliveTimeout, MayHaveAHeader) {
  const Location location = first_location("keepalive_timeout 65 60;");
  EXPECT_EQ(location.keepalive_timeout, 65s);
  EXPECT_EQ(location.keepalive_header, Duration(60s));
  EXPECT_EQ(first_location("keepalive_timeout 0;").keepalive_timeout, 0s);
}

TEST(NamedCaptures, AreVariables) {
  const Location location =
      first_location("location ~ ^/(?<section>[a-z]+)/ { return 200 $section; }");
  const TemplateText text = return_of(location).text;
  ASSERT_EQ(text.parts.size(), 1u);
  EXPECT_EQ(text.parts[0].variable, Variable::defined);
  EXPECT_EQ(text.parts[0].text, "section");
}

}  // namespace
}  // namespace baton::config::nginx
