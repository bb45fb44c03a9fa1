// Upstream groups and the proxy_* family.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/model/proxy_rules.h"
#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

// What location / says about proxying.
std::shared_ptr<const ProxyPass> proxying(std::string_view location_text,
                                          std::string_view http_text = "") {
  const Loaded loaded =
      load_http(fmt::format("{}\nserver {{ location / {{ {} }} }}", http_text, location_text));
  EXPECT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  return loaded.proxy ? loaded.proxy->servers[0].locations[1].proxy : nullptr;
}

std::vector<std::string> errors(std::string_view location_text) {
  return load_http(fmt::format("server {{ location / {{ {} }} }}", location_text)).errors();
}

TEST(Upstream, TakesServersWithTheirParameters) {
  const Loaded loaded = load_http(R"(upstream u {
    server 10.0.0.1 weight=3 max_conns=7;
    server 10.0.0.2:8080 max_fails=0 fail_timeout=1m down;
    server unix:/run/x backup;
    server two.example:81;
    keepalive 5; keepalive_requests 9; keepalive_timeout 4s; keepalive_time 3m;
})");
  ASSERT_TRUE(loaded.proxy);
  const UpstreamGroup& group = loaded.proxy->upstreams.at(0);
  ASSERT_EQ(group.servers.size(), 5u);
  EXPECT_EQ(group.servers[0].name, "10.0.0.1:80");
  EXPECT_EQ(group.servers[0].weight, 3u);
  EXPECT_EQ(group.servers[0].max_connections, 7u);
  EXPECT_EQ(group.servers[0].fail_timeout, 10s);
  EXPECT_EQ(group.servers[1].max_fails, 0u);
  EXPECT_TRUE(group.servers[1].down);
  EXPECT_EQ(group.servers[2].unix_path, "/run/x");
  EXPECT_TRUE(group.servers[2].backup);
  EXPECT_EQ(group.servers[3].endpoint.text(), "192.0.2.1:81");
  EXPECT_EQ(group.servers[4].endpoint.text(), "192.0.2.2:81");
  EXPECT_EQ(group.servers[4].name, "two.example:81");
  EXPECT_EQ(group.keepalive_connections, 5u);
  EXPECT_EQ(group.keepalive_requests, 9u);
  EXPECT_EQ(group.keepalive_timeout, 4s);
  EXPECT_EQ(group.keepalive_time, 3min);
}

TEST(Upstream, KeepsConnectionsByDefault) {
  const Loaded loaded = load_http("upstream u { server 10.0.0.1; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(loaded.proxy->upstreams[0].keepalive_connections, 32u);
}

TEST(Upstream, RefusesWhatIsWrong) {
  EXPECT_THAT(load_http("upstream u { }").errors(),
              ElementsAre("3:1 no servers are inside upstream"));
  EXPECT_THAT(load_http("upstream u { server nosuch.example; }").errors(),
              ElementsAre("3:21 host not found in upstream \"nosuch.example\""));
  EXPECT_THAT(load_http("upstream u { server 10.0.0.1 wieght=2; }").errors(),
              ElementsAre("3:30 invalid parameter \"wieght=2\""));
  EXPECT_THAT(
      load_http("upstream u { server 10.0.0.1; }\nupstream U { server 10.0.0.2; }").errors(),
      ElementsAre("4:10 duplicate upstream \"U\""));
  EXPECT_THAT(load_http("upstream u { server 10.0.0.1 slow_start=x; }").errors(),
              ElementsAre("3:30 invalid parameter \"slow_start=x\""));
}

TEST(ProxyPass, FindsAGroupThatIsDefinedLater) {
  const Loaded loaded = load_http(R"(
server { location / { proxy_pass http://App; } }
upstream first { server 10.0.0.1; }
upstream app { server 10.0.0.2; })");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(loaded.proxy->servers[0].locations[1].proxy->upstream, 1u);
  EXPECT_EQ(loaded.proxy->upstreams.size(), 2u);
}

TEST(ProxyPass, AHostWithoutGroupIsAGroupOfItsOwn) {
  const Loaded loaded = load_http(R"(server {
    location /a { proxy_pass http://10.0.0.1:8080; }
    location /b { proxy_pass http://10.0.0.1:8080/x/; }
    location /c { proxy_pass http://two.example; }
    location /d { proxy_pass http://unix:/run/s:/y; }
})");
  ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
  const auto& locations = loaded.proxy->servers[0].locations;
  ASSERT_EQ(loaded.proxy->upstreams.size(), 3u);
  EXPECT_EQ(locations[1].proxy->upstream, locations[2].proxy->upstream);
  EXPECT_TRUE(loaded.proxy->upstreams[0].implicit);
  EXPECT_EQ(loaded.proxy->upstreams[0].servers[0].endpoint.text(), "10.0.0.1:8080");
  EXPECT_FALSE(locations[1].proxy->uri);
  EXPECT_EQ(locations[2].proxy->uri, "/x/");
  EXPECT_EQ(locations[2].proxy->host_header, "10.0.0.1:8080");
  EXPECT_EQ(locations[2].proxy->port, 8080);
  EXPECT_EQ(loaded.proxy->upstreams[1].servers.size(), 2u);
  EXPECT_EQ(locations[4].proxy->host_header, "localhost");
  EXPECT_EQ(locations[4].proxy->uri, "/y");
  EXPECT_EQ(loaded.proxy->upstreams[2].servers[0].unix_path, "/run/s");
}

TEST(ProxyPass, RefusesWhatIsWrongOrNotOfferedYet) {
  EXPECT_THAT(errors("proxy_pass 10.0.0.1;"), ElementsAre("3:34 invalid URL prefix"));
  EXPECT_THAT(errors("proxy_pass http://;"), ElementsAre("3:34 no host in upstream \"\""));
  EXPECT_THAT(errors("proxy_pass http://nosuch.example;"),
              ElementsAre("3:34 host not found in upstream \"nosuch.example\""));
  EXPECT_THAT(errors("proxy_pass https://10.0.0.1;"),
              ElementsAre("3:34 \"https://\" in \"proxy_pass\" is not supported by baton yet"));
  EXPECT_THAT(errors("proxy_pass http://$host;"), testing::IsEmpty());
  EXPECT_THAT(load_http("upstream u { server 10.0.0.1; }\nserver { location / { proxy_pass "
                        "http://u:81; } }")
                  .errors(),
              ElementsAre("4:34 upstream \"u\" may not have port 81"));
}

TEST(ProxyPass, IsNotInheritedButItsSettingsAre) {
  const Loaded loaded = load_http(R"(server {
    proxy_read_timeout 7s;
    location /a { proxy_pass http://10.0.0.1; proxy_send_timeout 8s; location /a/b { } }
})");
  ASSERT_TRUE(loaded.proxy);
  const auto& locations = loaded.proxy->servers[0].locations;
  EXPECT_EQ(locations[1].proxy->read_timeout, 7s);
  EXPECT_EQ(locations[1].proxy->send_timeout, 8s);
  EXPECT_FALSE(locations[2].proxy);
}

TEST(ProxySetHeader, SendsHostUnlessTheUserDoes) {
  const auto plain = proxying("proxy_pass http://10.0.0.1;");
  ASSERT_EQ(plain->set_headers.size(), 1u);
  EXPECT_EQ(plain->set_headers[0].name, "Host");
  EXPECT_EQ(plain->set_headers[0].value.parts[0].variable, Variable::proxy_host);
  const auto own = proxying("proxy_set_header host x; proxy_pass http://10.0.0.1;");
  ASSERT_EQ(own->set_headers.size(), 1u);
  EXPECT_EQ(own->set_headers[0].value.literal(), "x");
}

TEST(ProxySetHeader, OfALevelReplacesThoseAroundIt) {
  const auto inherited = proxying("proxy_pass http://10.0.0.1;", "proxy_set_header A 1;");
  ASSERT_EQ(inherited->set_headers.size(), 2u);
  EXPECT_EQ(inherited->set_headers[0].name, "A");
  const auto replaced =
      proxying("proxy_set_header B \"\"; proxy_pass http://10.0.0.1;", "proxy_set_header A 1;");
  ASSERT_EQ(replaced->set_headers.size(), 2u);
  EXPECT_EQ(replaced->set_headers[0].name, "B");
  EXPECT_TRUE(replaced->set_headers[0].value.empty());
}

TEST(ProxyHideHeader, AddsToNginxsOwnList) {
  const auto proxy = proxying("proxy_pass http://10.0.0.1; proxy_hide_header X-Powered-By;",
                              "proxy_pass_header Server;");
  EXPECT_THAT(proxy->hide_headers, Contains("date"));
  EXPECT_THAT(proxy->hide_headers, Contains("x-powered-by"));
  EXPECT_THAT(proxy->hide_headers, Not(Contains("server")));
  EXPECT_THAT(proxy->pass_headers, ElementsAre("server"));
}

TEST(ProxyNextUpstream, IsASetOfConditions) {
  EXPECT_EQ(proxying("proxy_pass http://10.0.0.1;")->next_upstream,
            next_on_error | next_on_timeout);
  EXPECT_EQ(proxying("proxy_pass http://10.0.0.1; proxy_next_upstream http_502 non_idempotent;")
                ->next_upstream,
            next_on_http_502 | next_non_idempotent);
  EXPECT_EQ(proxying("proxy_pass http://10.0.0.1; proxy_next_upstream off;")->next_upstream, 0u);
}

TEST(ProxyRedirect, HasADefaultPairsAndOff) {
  using Kind = Replacement::Kind;
  EXPECT_FALSE(proxying("proxy_pass http://10.0.0.1;")->rules);
  EXPECT_TRUE(
      proxying("proxy_pass http://10.0.0.1; proxy_redirect off;")->rules->redirects->empty());
  const auto pairs = proxying(
      "proxy_pass http://10.0.0.1; proxy_redirect http://a/ /b/; proxy_redirect ~*^http://x(.*) $1;"
      "proxy_redirect default;");
  const auto& redirects = *pairs->rules->redirects;
  ASSERT_EQ(redirects.size(), 3u);
  EXPECT_EQ(redirects[0].from.literal(), "http://a/");
  EXPECT_EQ(redirects[0].to.literal(), "/b/");
  EXPECT_EQ(redirects[1].kind, Kind::regex_no_case);
  EXPECT_EQ(redirects[1].pattern, "^http://x(.*)");
  EXPECT_EQ(redirects[2].kind, Kind::standard);
}

TEST(ProxyCookies, AreInheritedAsAWholeAndTurnedOff) {
  const auto inherited = proxying("proxy_pass http://10.0.0.1;", "proxy_cookie_path /a /b;");
  EXPECT_EQ(inherited->rules->cookie_paths.size(), 1u);
  const auto off =
      proxying("proxy_pass http://10.0.0.1; proxy_cookie_path off;", "proxy_cookie_path /a /b;");
  EXPECT_TRUE(off->rules->cookie_paths.empty());
  EXPECT_THAT(errors("proxy_cookie_path on;"), ElementsAre("3:41 invalid parameter \"on\""));
}

TEST(ProxyBuffers, MustFitTogether) {
  EXPECT_EQ(proxying("proxy_pass http://10.0.0.1; proxy_buffers 4 16k;")->buffers_bytes, 65536u);
  EXPECT_THAT(errors("proxy_buffer_size 64k;"),
              ElementsAre("3:23 \"proxy_busy_buffers_size\" must be less than the size of all "
                          "\"proxy_buffers\" minus one buffer"));
  EXPECT_THAT(errors("proxy_buffers 1 4k;"),
              ElementsAre("3:37 there must be at least 2 \"proxy_buffers\""));
}

}  // namespace
}  // namespace baton::config::nginx
