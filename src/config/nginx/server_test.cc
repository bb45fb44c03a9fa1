// Servers: their addresses, options of sockets, names, and which is whose default.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "config/nginx/load_text.h"

namespace baton::config::nginx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = ServerName::Kind;

std::vector<std::string> addresses(const Loaded& loaded) {
  std::vector<std::string> result;
  if (!loaded.proxy) return {"refused"};
  for (const Listener& listener : loaded.proxy->listeners) {
    result.push_back(listener.address.text());
  }
  return result;
}

std::vector<std::string> listen(std::string_view arguments) {
  return addresses(load_http(fmt::format("server {{ listen {}; }}", arguments)));
}

TEST(Listen, TakesEveryFormOfAnAddress) {
  EXPECT_THAT(listen("8080"), ElementsAre("0.0.0.0:8080"));
  EXPECT_THAT(listen("*:8080"), ElementsAre("0.0.0.0:8080"));
  EXPECT_THAT(listen("127.0.0.1"), ElementsAre("127.0.0.1:80"));
  EXPECT_THAT(listen("[::]:8080"), ElementsAre("[::]:8080"));
  EXPECT_THAT(listen("[::1]"), ElementsAre("[::1]:80"));
  EXPECT_THAT(listen("localhost:81"), ElementsAre("127.0.0.1:81"));
  EXPECT_THAT(listen("unix:/run/x.sock"), ElementsAre("unix:/run/x.sock"));
  EXPECT_THAT(listen("8000-8002"), ElementsAre("0.0.0.0:8000", "0.0.0.0:8001", "0.0.0.0:8002"));
}

TEST(Listen, DefaultsToPort80OfAllAddresses) {
  const char* fallback = ::geteuid() == 0 ? "0.0.0.0:80" : "0.0.0.0:8000";
  EXPECT_THAT(addresses(load_http("server { }")), ElementsAre(fallback));
}

TEST(Listen, TakesTheOptionsOfTheSocket) {
  const Loaded loaded = load_http(
      "server { listen [::]:80 backlog=99 rcvbuf=8k sndbuf=16k deferred ipv6only=off reuseport "
      "so_keepalive=1m::3; }");
  ASSERT_TRUE(loaded.proxy);
  const Listener& listener = loaded.proxy->listeners.at(0);
  EXPECT_EQ(listener.backlog, 99);
  EXPECT_EQ(listener.receive_buffer_bytes, 8192);
  EXPECT_EQ(listener.send_buffer_bytes, 16384);
  EXPECT_TRUE(listener.deferred);
  EXPECT_FALSE(listener.ipv6_only);
  EXPECT_TRUE(listener.keepalive_probes);
  EXPECT_EQ(listener.keepalive_idle, Duration(1min));
  EXPECT_FALSE(listener.keepalive_interval);
  EXPECT_EQ(listener.keepalive_count, 3);
}

TEST(Listen, ServersOfOneAddressShareAListener) {
  const Loaded loaded = load_http(R"(
server { listen 80; server_name a; }
server { listen 80 default_server; listen 81; server_name b; }
server { listen *:80 backlog=7; server_name c; })");
  ASSERT_TRUE(loaded.proxy);
  ASSERT_EQ(loaded.proxy->listeners.size(), 2u);
  const Listener& first = loaded.proxy->listeners[0];
  EXPECT_THAT(first.servers, ElementsAre(0u, 1u, 2u));
  EXPECT_EQ(first.default_server, 1u);
  EXPECT_EQ(first.backlog, 7);
  EXPECT_EQ(loaded.proxy->listeners[1].default_server, 1u);
}

TEST(Listen, TheFirstServerIsTheDefaultWhereNoneSaysSo) {
  const Loaded loaded =
      load_http("server { listen 80; server_name a; } server { listen 80; server_name b; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(loaded.proxy->listeners[0].default_server, 0u);
}

TEST(Listen, RefusesWhatClashes) {
  EXPECT_THAT(load_http("server { listen 80; listen *:80; }").errors(),
              ElementsAre("3:28 a duplicate listen 0.0.0.0:80"));
  EXPECT_THAT(load_http("server { listen 80 default_server; }\nserver { listen 80 "
                        "default_server; }")
                  .errors(),
              ElementsAre("4:17 a duplicate default server for 0.0.0.0:80"));
  EXPECT_THAT(
      load_http("server { listen 80 backlog=1; }\nserver { listen 80 backlog=2; }").errors(),
      ElementsAre("4:17 duplicate listen options for 0.0.0.0:80"));
}

TEST(Listen, RefusesProtocolsThatBatonLacksByName) {
  for (const char* word : {"ssl", "http2", "quic"}) {
    EXPECT_THAT(load_http(fmt::format("server {{ listen 443 {}; }}", word)).errors(),
                ElementsAre(fmt::format(
                    "3:21 parameter \"{}\" of \"listen\" is not supported by baton yet", word)));
  }
}

TEST(Listen, TakesWhatDependsOnTheSystem) {
  const Loaded loaded = load_http("server { listen 80 fastopen=3 proxy_protocol multipath; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(loaded.proxy->listeners[0].fast_open_queue, 3);
  EXPECT_TRUE(loaded.proxy->listeners[0].proxy_protocol);
  EXPECT_EQ(loaded.diagnostics.count(Severity::note), 1u);
  EXPECT_THAT(load_http("server { listen 80 setfib=1; }").errors(),
              ElementsAre("3:20 invalid parameter \"setfib=1\""));
  EXPECT_EQ(load_http("server { listen 80 accept_filter=x; }").diagnostics.count(Severity::warning),
            1u);
}

std::vector<ServerName> parse_names(std::string_view arguments) {
  const Loaded loaded = load_http(fmt::format("server {{ server_name {}; }}", arguments));
  return loaded.proxy ? loaded.proxy->servers[0].names : std::vector<ServerName>{};
}

TEST(ServerName, KnowsExactWildcardAndRegexNames) {
  const auto names = parse_names(R"(WWW.Example.com *.a.org mail.* ~^x\d+$)");
  ASSERT_EQ(names.size(), 4u);
  EXPECT_EQ(names[0].kind, Kind::exact);
  EXPECT_EQ(names[0].text, "www.example.com");
  EXPECT_EQ(names[1].kind, Kind::leading_wildcard);
  EXPECT_EQ(names[1].text, "a.org");
  EXPECT_EQ(names[2].kind, Kind::trailing_wildcard);
  EXPECT_EQ(names[2].text, "mail");
  EXPECT_EQ(names[3].kind, Kind::regex);
  EXPECT_EQ(names[3].text, "^x\\d+$");
}

TEST(ServerName, ALeadingDotIsTheNameAndAllBelowIt) {
  const auto names = parse_names(".example.org");
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(names[0].kind, Kind::exact);
  EXPECT_EQ(names[1].kind, Kind::leading_wildcard);
  EXPECT_EQ(names[1].text, "example.org");
}

TEST(ServerName, WithoutOneAServerHasTheEmptyName) {
  const Loaded loaded = load_http("server { }");
  ASSERT_TRUE(loaded.proxy);
  ASSERT_EQ(loaded.proxy->servers[0].names.size(), 1u);
  EXPECT_EQ(loaded.proxy->servers[0].names[0].text, "");
  EXPECT_EQ(loaded.proxy->servers[0].primary_name, "");
}

TEST(ServerName, TheFirstOneIsThePrimary) {
  const Loaded loaded = load_http("server { server_name .Example.org b; server_name c; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_EQ(loaded.proxy->servers[0].primary_name, "example.org");
  EXPECT_EQ(loaded.proxy->servers[0].names.size(), 4u);
}

TEST(ServerName, RefusesWhatNoTableCouldHold) {
  for (const char* name : {"*a", "*", "www.*.com", "*.a.*", ".", "~", "\"~(\"", "a..b"}) {
    EXPECT_FALSE(load_http(fmt::format("server {{ server_name {}; }}", name)).proxy) << name;
  }
}

TEST(ServerName, WarnsOfANameThatASecondServerHasToo) {
  const Loaded loaded = load_http("server { server_name a; }\nserver { server_name a b; }");
  ASSERT_TRUE(loaded.proxy);
  EXPECT_THAT(loaded.lines(),
              ElementsAre("warning: conflicting server name \"a\" on 0.0.0.0:80, ignored"));
}

TEST(Server, SettingsBeforeTheLocationAreItsOwn) {
  const Loaded loaded = load_http(R"(
client_header_timeout 5s;
server { large_client_header_buffers 8 16k; underscores_in_headers on; }
server { client_header_timeout 7s; merge_slashes off; max_headers 20; })");
  ASSERT_TRUE(loaded.proxy);
  const auto& servers = loaded.proxy->servers;
  EXPECT_EQ(servers[0].client_header_timeout, 5s);
  EXPECT_EQ(servers[0].large_header_buffers, 8u);
  EXPECT_EQ(servers[0].large_header_buffer_bytes, 16384u);
  EXPECT_TRUE(servers[0].underscores_in_headers);
  EXPECT_EQ(servers[1].client_header_timeout, 7s);
  EXPECT_EQ(servers[1].large_header_buffers, 4u);
  EXPECT_FALSE(servers[1].merge_slashes);
  EXPECT_EQ(servers[1].max_headers, 20u);
  EXPECT_THAT(loaded.errors(), IsEmpty());
}

}  // namespace
}  // namespace baton::config::nginx
