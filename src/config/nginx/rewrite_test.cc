// Rewrite directives become one program in the order of the text; names of variables are known
// before they are defined.

#include "config/model/rewrite.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/model/variable.h"
#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::ElementsAre;

Loaded load_server(std::string_view text) {
  return load_http(fmt::format("server {{\n{}\n}}", text));
}

// A letter a step: s(et), i(f), r(ewrite), (return) R, b(reak).
std::string shape(const RewriteProgram& program) {
  std::string letters;
  for (const ProgramStep& step : program.steps) letters += "srIRb"[step.index()];
  return letters;
}

TEST(Rewrite, KeepsTheOrderOfTheTextAcrossBlocks) {
  const Loaded loaded =
      load_server("set $a 1; if ($a) { set $b 2; break; } rewrite ^/x /y; if ($b) { } return 204;");
  ASSERT_TRUE(loaded.proxy);
  const RewriteProgram& program = *loaded.proxy->servers[0].locations[0].rewrite;
  EXPECT_EQ(shape(program), "sIsbrIR");
  EXPECT_EQ(std::get<IfStep>(program.steps[1]).otherwise, 4u);
  EXPECT_EQ(std::get<IfStep>(program.steps[5]).otherwise, 6u);
}

TEST(Rewrite, AnIfOfALocationIsALocationWithTheOuterHandler) {
  const Loaded loaded = load_server(
      "location /a { proxy_pass http://127.0.0.1; try_files /x =404; if ($arg_a) { root /r; } }");
  ASSERT_TRUE(loaded.proxy);
  const auto& locations = loaded.proxy->servers[0].locations;
  const auto& test = std::get<IfStep>(locations[1].rewrite->steps[0]);
  ASSERT_EQ(test.location, 2u);
  EXPECT_EQ(locations[2].pattern, "/a");
  EXPECT_EQ(locations[2].proxy, locations[1].proxy);
  EXPECT_TRUE(locations[2].try_files.empty());
  EXPECT_EQ(locations[2].root.literal(), "/r");
  EXPECT_FALSE(locations[2].rewrite);
}

TEST(Rewrite, AnIfOfAServerHasNoSettingsOfItsOwn) {
  const Loaded loaded = load_server("if ($arg_a) { return 403; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(loaded.proxy->servers[0].locations.size(), 1u);
}

TEST(Rewrite, ProgramsAreNotInherited) {
  const Loaded loaded = load_server("location /a { set $a 1; location /a/b { } }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_TRUE(loaded.proxy->servers[0].locations[1].rewrite);
  EXPECT_FALSE(loaded.proxy->servers[0].locations[2].rewrite);
}

TEST(Rewrite, RefusesInNginxWords) {
  EXPECT_THAT(load_server("rewrite ^/a /b later;").errors(),
              ElementsAre("4:16 invalid parameter \"later\""));
  EXPECT_THAT(load_server("set $host x;").errors(),
              ElementsAre("4:5 the duplicate \"host\" variable"));
  EXPECT_THAT(load_server("if (x = y) { }").errors(), ElementsAre("4:4 invalid condition \"x\""));
}

TEST(VariableNames, MayBeUsedBeforeTheyAreDefined) {
  const Loaded loaded = load_http(
      "server { return 200 $late$early; }\nmap $uri $late { default $early; }\ngeo $early { }");
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  ASSERT_EQ(loaded.proxy->variables.size(), 2u);
  EXPECT_EQ(loaded.proxy->variables[0]->name, "late");
  EXPECT_EQ(loaded.proxy->variables[0]->kind, VariableDefinition::Kind::map);
  EXPECT_EQ(loaded.proxy->variables[1]->kind, VariableDefinition::Kind::geo);
}

TEST(VariableNames, AMapWinsOverASetWhateverTheOrder) {
  const Loaded loaded =
      load_http("server { set $v 1; return 200 $v; }\nmap $uri $v { default x; }");
  ASSERT_TRUE(loaded.proxy);
  ASSERT_EQ(loaded.proxy->variables.size(), 1u);
  EXPECT_EQ(loaded.proxy->variables[0]->kind, VariableDefinition::Kind::map);
}

TEST(VariableNames, LinesOfAMapAreNoDirectives) {
  const Loaded loaded = load_http("map $uri $v { set y; location ~(?<z>.); }\nserver { }");
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  EXPECT_EQ(loaded.proxy->variables.size(), 1u);
}

TEST(Map, KnowsStarsWithHostnamesOnly) {
  const Loaded loaded = load_http("map $host $v { hostnames; *.a.b 1; c.* 2; .d 3; }\nserver { }");
  ASSERT_TRUE(loaded.proxy);
  const MapTable& table = *loaded.proxy->variables[0]->map;
  EXPECT_EQ(table.find("x.a.b"), 0u);
  EXPECT_EQ(table.find("a.b"), std::nullopt);
  EXPECT_EQ(table.find("c.x"), 1u);
  EXPECT_EQ(table.find("d"), 2u);
  EXPECT_EQ(table.find("x.d"), 2u);
}

}  // namespace
}  // namespace baton::config::nginx
