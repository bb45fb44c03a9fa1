// Balancing methods, sticky and queue in upstream blocks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::Contains;
using testing::ElementsAre;

UpstreamGroup group_of(std::string_view text) {
  const Loaded loaded = load_http(fmt::format("upstream u {{ {} server 10.0.0.1; }}", text));
  EXPECT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  return loaded.proxy ? loaded.proxy->upstreams.at(0) : UpstreamGroup{};
}

std::vector<std::string> errors(std::string_view text) {
  return load_http(fmt::format("upstream u {{ {} }}", text)).errors();
}

TEST(Balance, MethodsAreTaken) {
  EXPECT_EQ(group_of("least_conn;").balance, Balance::least_conn);
  EXPECT_EQ(group_of("ip_hash;").balance, Balance::ip_hash);
  EXPECT_EQ(group_of("hash $request_uri;").balance, Balance::hash);
  EXPECT_EQ(group_of("hash $request_uri consistent;").balance, Balance::hash_consistent);
  EXPECT_EQ(group_of("random;").balance, Balance::random);
  const UpstreamGroup timed = group_of("least_time last_byte inflight;");
  EXPECT_EQ(timed.balance, Balance::least_time);
  EXPECT_EQ(timed.least_time, LeastTime::last_byte);
  EXPECT_TRUE(timed.least_time_inflight);
  const UpstreamGroup two = group_of("random two least_time=header;");
  EXPECT_TRUE(two.random_two);
  EXPECT_EQ(two.random_method, Balance::least_time);
}

TEST(Balance, AMethodThatIsNamedTwiceIsToldAndTheLastOneCounts) {
  const Loaded loaded = load_http("upstream u { least_conn; ip_hash; server 10.0.0.1; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(loaded.proxy->upstreams[0].balance, Balance::ip_hash);
  EXPECT_THAT(loaded.lines(), Contains("warning: load balancing method redefined"));
}

TEST(Balance, WhatAMethodDoesNotKnowIsRefusedBehindIt) {
  EXPECT_THAT(errors("ip_hash; server 10.0.0.1 backup; server 10.0.0.2;"),
              ElementsAre("3:39 balancing method does not support parameter \"backup\""));
  EXPECT_THAT(errors("random one; server 10.0.0.1;"),
              ElementsAre("3:21 invalid parameter \"one\""));
  EXPECT_THAT(errors("hash $uri ketama; server 10.0.0.1;"),
              ElementsAre("3:24 invalid parameter \"ketama\""));
  EXPECT_THAT(errors("server 10.0.0.1 backup; server 10.0.0.2; ip_hash;"), ElementsAre());
}

TEST(Sticky, ACookieTakesItsAttributes) {
  const UpstreamGroup group = group_of(
      "sticky cookie srv_id expires=1h domain=.example.com httponly secure samesite=lax path=/;");
  ASSERT_TRUE(group.sticky);
  EXPECT_EQ(group.sticky->cookie_name, "srv_id");
  EXPECT_EQ(group.sticky->expires, Duration(1h));
  EXPECT_EQ(group.sticky->domain.literal(), ".example.com");
  EXPECT_EQ(group.sticky->path, "/");
  EXPECT_EQ(group.sticky->same_site.literal(), "lax");
  EXPECT_TRUE(group.sticky->http_only && group.sticky->secure);
}

TEST(Sticky, LearningNeedsItsParameters) {
  const UpstreamGroup group = group_of(
      "sticky learn create=$upstream_cookie_sid lookup=$cookie_sid zone=s:1m timeout=5m header;");
  ASSERT_TRUE(group.sticky);
  EXPECT_EQ(group.sticky->zone, "s");
  EXPECT_EQ(group.sticky->zone_bytes, 1u << 20);
  EXPECT_EQ(group.sticky->timeout, Duration(5min));
  EXPECT_TRUE(group.sticky->on_header);
  EXPECT_THAT(errors("sticky learn create=$upstream_cookie_sid zone=s:1m; server 10.0.0.1;"),
              ElementsAre("3:14 \"sticky learn\" requires \"lookup\" parameter"));
}

TEST(Queue, TakesItsLengthAndTime) {
  const UpstreamGroup group = group_of("queue 100 timeout=70s;");
  EXPECT_EQ(group.queue_max, 100u);
  EXPECT_EQ(group.queue_timeout, Duration(70s));
  EXPECT_EQ(group_of("queue 5;").queue_timeout, Duration(60s));
}

}  // namespace
}  // namespace baton::config::nginx
