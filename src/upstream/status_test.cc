// What `baton status` is told of upstream servers.

#include "upstream/status.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "upstream/upstreams.h"

namespace baton::upstream {
namespace {

TEST(UpstreamStatus, TellsCountersAndStateOfEachServer) {
  config::Proxy config;
  config.upstreams.resize(1);
  config.upstreams[0].name = "WebServer";
  for (const std::uint8_t last : {121, 122}) {
    config::UpstreamServer server;
    server.endpoint = {net::IpAddress::ipv4(192, 168, 175, last), 80};
    config.upstreams[0].servers.push_back(server);
  }
  auto region = ipc::SharedRegion::create({.groups_max = 4, .peers_max = 8}).value();
  ASSERT_TRUE(name_slots(*region, config, 1));
  Upstreams upstreams(config, *region, 1);
  CachedView cached;
  const Instant start(100s);
  Search search;
  EXPECT_TRUE(upstreams.group(0).pick(cached, search, start)->fail(start));
  auto second = upstreams.group(0).pick(cached, search, start);
  second->count_response(200, 2ms, 4ms);
  second->count_bytes(100, 5000);

  const auto groups = status(upstreams, start + 3s);
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0]["name"], "WebServer");
  EXPECT_EQ(groups[0]["alive"], true);
  const auto& servers = groups[0]["servers"];
  EXPECT_EQ(servers[0]["address"], "192.168.175.121:80");
  EXPECT_EQ(servers[0]["state"], "unavail");
  EXPECT_EQ(servers[0]["failures"], 1);
  EXPECT_EQ(servers[0]["unavailable_ms"], 3000);
  EXPECT_TRUE(servers[0]["response_time_ms"].is_null());
  EXPECT_EQ(servers[1]["state"], "up");
  EXPECT_EQ(servers[1]["active"], 1);
  EXPECT_EQ(servers[1]["requests"], 1);
  EXPECT_EQ(servers[1]["responses"]["2xx"], 1);
  EXPECT_EQ(servers[1]["bytes_received"], 5000);
  EXPECT_EQ(servers[1]["response_time_ms"], 4.0);
  EXPECT_EQ(servers[1]["last_request_ms"], 3000);
}

}  // namespace
}  // namespace baton::upstream
