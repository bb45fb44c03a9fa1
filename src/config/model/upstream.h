// Upstream groups: the servers that requests are spread over, and how. Filled in by the config
// layer from `upstream` blocks and from proxy_pass lines that name a host directly.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/balance.h"
#include "config/model/health_check.h"
#include "config/source.h"
#include "net/address.h"

namespace baton::config {

// One `server` line of an upstream group. A name that resolves to several addresses makes one
// peer of each.
struct UpstreamServer {
  std::string name;  // as written: "192.168.175.121" -> "192.168.175.121:80"
  net::Endpoint endpoint;
  std::string unix_path;  // set instead of endpoint for "unix:/path"
  std::uint32_t weight = 1;
  std::uint32_t max_fails = 1;
  Duration fail_timeout = 10s;
  std::uint32_t max_connections = 0;  // 0: unlimited
  bool backup = false;
  bool down = false;
  bool drain = false;        // only requests that a session binds to it
  Duration slow_start = 0s;  // 0: none
  std::string route;         // for `sticky`; empty: derived from the address
  std::string written;       // the address as it stands in the file: consistent hashing uses it
  Position where;
};

struct ResolverSettings;  // resolver.h

// `server NAME resolve`: a line whose servers are found while baton runs, and change.
struct ResolvedServer {
  UpstreamServer server;  // what its servers have in common; without an address
  std::string host;
  std::uint16_t port = 80;
  std::string service;  // service=: SRV records give servers, ports and weights
};

// An `upstream` block, or the implicit group of a proxy_pass that names a host directly.
struct UpstreamGroup {
  std::string name;
  std::vector<UpstreamServer> servers;
  std::vector<ResolvedServer> resolved;
  std::shared_ptr<const ResolverSettings> resolver;  // for `resolved`; never null with them
  Balance balance = Balance::round_robin;
  TemplateText hash_key;  // hash, hash_consistent
  LeastTime least_time = LeastTime::header;
  bool least_time_inflight = false;
  bool random_two = false;
  Balance random_method = Balance::least_conn;  // how `random two` decides
  std::shared_ptr<const Sticky> sticky;         // null: none
  // Requests that may wait until a server can take them, 0: none; and for how long.
  std::uint32_t queue_max = 0;
  Duration queue_timeout = 60s;
  // Idle connections kept per thread. nginx before 1.29.7: 0; since: 32; so here.
  std::uint32_t keepalive_connections = 32;
  std::uint32_t keepalive_requests = 1000;
  Duration keepalive_timeout = 60s;
  Duration keepalive_time = 1h;
  bool implicit = false;
  HealthCheckMasks health_checks;  // of all locations that check it
  Position where;
};

}  // namespace baton::config
