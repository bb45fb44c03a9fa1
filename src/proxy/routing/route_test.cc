// Requests find their location through the rewrite programs of a real configuration text.

#include "proxy/routing/route.h"

#include <gtest/gtest.h>

#include "config/nginx/load_text.h"
#include "proxy/variables/defined_variables.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {
namespace {

class RouteTest : public testing::Test {
 protected:
  void serve(std::string_view server, std::string_view http = "") {
    const config::nginx::Loaded loaded =
        config::nginx::load_http(fmt::format("{}\nserver {{\nlisten 80;\n{}\n}}", http, server));
    ASSERT_TRUE(loaded.proxy) << testing::PrintToString(loaded.lines());
    proxy = loaded.proxy;
    router.emplace(*proxy);
  }
  Verdict ask(std::string_view path) {
    request.reset();
    client.client_text = "127.0.0.1";
    request.client = &client;
    request.definitions = &router->definitions();
    request.head.path = path;
    request.head.host = "localhost";
    request.head.method_name = "GET";
    return route(request, *router, 0);
  }
  // The text of the `return` that the request comes to, or the number of its status.
  std::string answer(std::string_view path) {
    const Verdict verdict = ask(path);
    if (verdict.kind == Verdict::Kind::error) return std::to_string(verdict.status);
    if (verdict.kind == Verdict::Kind::proceed) return request.location->pattern;
    return std::string(request.response.text);
  }

  std::shared_ptr<const config::Proxy> proxy;
  std::optional<Router> router;
  ClientInfo client;
  Request request;
};

TEST_F(RouteTest, LastLeadsToAnotherLocationAndBreakStays) {
  serve(R"(location /a/ { rewrite ^/a/(.*)$ /c/$1 last; }
           location /b/ { rewrite ^/b/(.*)$ /c/$1 break; }
           location /c/ { return 200 "c $uri"; })");
  EXPECT_EQ(answer("/a/x"), "c /c/x");
  EXPECT_EQ(answer("/b/x"), "/b/");
  EXPECT_EQ(request.uri, "/c/x");
  EXPECT_FALSE(request.location_fits_uri);
}

TEST_F(RouteTest, ArgumentsOfTheReplacementComeFirst) {
  serve("rewrite ^/a$ /b?x=1 last; rewrite ^/c$ /b? last; location /b { return 200 [$args]; }");
  EXPECT_EQ(answer("/a?y=2"), "[x=1&y=2]");
  EXPECT_EQ(answer("/a"), "[x=1]");
  EXPECT_EQ(answer("/c?y=2"), "[]");
}

TEST_F(RouteTest, TenChangesAreAllowedAndNotEleven) {
  serve("location / { rewrite ^(.*)$ $1x last; } location /axxxxxxxxxx { return 200 ok; }");
  EXPECT_EQ(answer("/a"), "ok");
  EXPECT_EQ(answer("/b"), "500");
}

TEST_F(RouteTest, ConditionsJumpOverTheirBlock) {
  serve(R"(set $m no; if ($arg_a ~* ^(x+)$) { set $m $1; } if ($arg_b != 1) { return 403; }
           location / { return 200 $m; })");
  EXPECT_EQ(answer("/?a=XX&b=1"), "XX");
  EXPECT_EQ(answer("/?b=1"), "no");
  EXPECT_EQ(answer("/?a=x"), "403");
}

TEST_F(RouteTest, ThatHoldGiveTheirOwnSettings) {
  serve("location / { if ($arg_a) { sendfile on; } }");
  ASSERT_EQ(ask("/x").kind, Verdict::Kind::proceed);
  EXPECT_FALSE(request.location->sendfile);
  ASSERT_EQ(ask("/x?a=1").kind, Verdict::Kind::proceed);
  EXPECT_TRUE(request.location->sendfile);
}

TEST_F(RouteTest, ProgramsEscapeCapturesForQueriesAndRedirects) {
  serve(R"(rewrite ^/a/(.*)$ /b?v=$1 last; rewrite ^/r/(.*)$ http://e/$1 redirect;
           location /b { return 200 $args; })");
  EXPECT_EQ(answer("/a/x%20y%26"), "v=x%20y%26");
  EXPECT_EQ(answer("/r/x%20%41"), "302");
  EXPECT_EQ(request.response.location, "http://e/x%20A");
}

TEST_F(RouteTest, LimitExceptGivesOtherMethodsAnotherLocation) {
  serve("location / { root /a; limit_except GET { } }");
  ask("/");
  const auto* usual = request.location;
  request.reset();
  client.client_text = "127.0.0.1";
  request.client = &client;
  request.head.path = "/";
  request.head.method_name = "POST";
  ASSERT_EQ(route(request, *router, 0).kind, Verdict::Kind::proceed);
  EXPECT_NE(request.location, usual);
  EXPECT_EQ(request.location->pattern, "/");
}

TEST_F(RouteTest, MapsAreWorkedOutOnceUnlessVolatile) {
  serve("location / { set $x 1; set $a $v; set $b $w; set $x 2; return 200 \"$a$v $b$w\"; }",
        "map $x $v { 1 one; 2 two; } map $x $w { volatile; 1 one; 2 two; }");
  EXPECT_EQ(answer("/"), "oneone onetwo");
}

TEST_F(RouteTest, NamedGroupsAreVariablesUntilTheyMatchAgain) {
  serve(R"(location ~ ^/u/(?<who>\w+) { return 200 $who; } location / { return 200 [$who]; })",
        "map $arg_a $m { ~(?<who>b) 1; }");
  EXPECT_EQ(answer("/u/joe"), "joe");
  EXPECT_EQ(answer("/x"), "[]");
}

TEST_F(RouteTest, RealIpIsTakenFromTrustedProxiesOnly) {
  serve("set_real_ip_from 10.0.0.0/8; location / { return 200 $remote_addr; }");
  client.client.address = net::IpAddress::ipv4(10, 1, 2, 3);
  request.head.headers.clear();
  EXPECT_EQ(answer("/"), "127.0.0.1");
}

TEST(SplitClients, HashIsMurmurHash2) {
  // Published values of MurmurHash2 with seed 0.
  EXPECT_EQ(murmur_hash2(""), 0u);
  EXPECT_NE(murmur_hash2("a"), murmur_hash2("b"));
}

}  // namespace
}  // namespace baton::proxy
