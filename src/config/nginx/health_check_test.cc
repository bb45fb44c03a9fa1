// health_check and match, read from text.

#include "config/nginx/health_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/model/health_check.h"
#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Loaded load_checked(std::string_view location, std::string_view http = "") {
  return load_http(
      fmt::format("upstream app {{ zone app 64k; server 10.0.0.1; }}\n"
                  "server {{ location / {{ proxy_pass http://app; {} }} }}\n{}",
                  location, http));
}

const std::vector<HealthCheckRule>& rules_of(const Loaded& loaded) {
  return loaded.proxy->servers[0].locations[1].health_check->rules;
}

TEST(HealthCheckDirective, HasDefaults) {
  const Loaded loaded = load_checked("health_check;");
  ASSERT_THAT(loaded.errors(), IsEmpty());
  const HealthCheckRule& rule = rules_of(loaded).at(0);
  EXPECT_EQ(rule.interval, Duration(5s));
  EXPECT_EQ(rule.fails, 1u);
  EXPECT_EQ(rule.uri, "/");
  EXPECT_EQ(rule.match, nullptr);
  EXPECT_EQ(loaded.proxy->upstreams[0].health_checks.checks, 1u);
  EXPECT_EQ(loaded.proxy->upstreams[0].health_checks.mandatory, 0u);
}

TEST(HealthCheckDirective, TakesAllParameters) {
  const Loaded loaded = load_checked(
      "health_check interval=2 jitter=500ms fails=3 passes=2 uri=/ok mandatory persistent match=m "
      "port=8080 keepalive_time=60s; health_check type=tcp;",
      "match m { status 200-299 ! ; }");
  EXPECT_THAT(loaded.errors(), ElementsAre(HasSubstr("invalid status \"!\"")));
  const Loaded good = load_checked(
      "health_check interval=2 jitter=500ms fails=3 passes=2 uri=/ok mandatory persistent match=m "
      "port=8080 keepalive_time=60s; health_check type=tcp;",
      "match m { status ! 400-599; header X-A; header ! X-B; header Content-Type ~ html; "
      "body !~ \"down\"; require $upstream_http_x_a; }");
  ASSERT_THAT(good.errors(), IsEmpty());
  const HealthCheckRule& rule = rules_of(good).at(0);
  EXPECT_EQ(rule.jitter, Duration(500ms));
  EXPECT_EQ(rule.passes, 2u);
  EXPECT_EQ(rule.port, 8080);
  ASSERT_NE(rule.match, nullptr);
  EXPECT_TRUE(rule.match->statuses[0].others);
  EXPECT_EQ(rule.match->headers.size(), 3u);
  EXPECT_TRUE(rule.match->bodies[0].unlike);
  EXPECT_TRUE(rules_of(good).at(1).tcp);
  EXPECT_EQ(good.proxy->upstreams[0].health_checks.checks, 0b11u);
  EXPECT_EQ(good.proxy->upstreams[0].health_checks.persistent, 0b01u);
}

TEST(HealthCheckDirective, TellsMistakes) {
  EXPECT_THAT(load_checked("health_check persistent;").errors(),
              ElementsAre(HasSubstr("invalid parameter \"persistent\"")));
  EXPECT_THAT(load_checked("health_check fails=0;").errors(),
              ElementsAre(HasSubstr("invalid parameter \"fails=0\"")));
  EXPECT_THAT(load_checked("health_check match=none;").errors(),
              ElementsAre(HasSubstr("match \"none\" is not found")));
  EXPECT_THAT(load_checked("health_check type=grpc;").errors(),
              ElementsAre(HasSubstr("is not supported by baton")));
  EXPECT_THAT(
      load_checked("health_check;", "match a { colour red; } match a { status 200; }").errors(),
      ElementsAre(HasSubstr("unknown directive \"colour\""), HasSubstr("duplicate match \"a\"")));
  EXPECT_THAT(load_http("server { location / { health_check; } }").errors(),
              ElementsAre(HasSubstr("needs a \"proxy_pass\" to a group of servers")));
}

TEST(HealthCheckDirective, ABlockInsideOfAMatchIsRefused) {
  const Loaded loaded = load_checked("health_check match=m;", "match m { status 200 { } }");
  EXPECT_THAT(loaded.errors(), ElementsAre(HasSubstr("unexpected \"{\"")));
}

}  // namespace
}  // namespace baton::config::nginx
