// What the proxy listens on: addresses, and what `listen` says of their sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/source.h"
#include "net/address.h"

namespace baton::config {

// A `listen` address: TCP, or a unix socket when `unix_path` is set.
struct ListenAddress {
  net::Endpoint endpoint;
  std::string unix_path;
  friend auto operator<=>(const ListenAddress&, const ListenAddress&) = default;
  [[nodiscard]] std::string text() const;  // "0.0.0.0:80", "[::]:80", "unix:/path"
};

// One listening socket (set): all `listen` directives of one address together.
struct Listener {
  ListenAddress address;
  int backlog = 511;
  bool ipv6_only = true;
  bool deferred = false;
  bool free_bind = true;        // baton: binding to a VIP that is not here yet works
  bool proxy_protocol = false;  // connections start with a PROXY header
  std::optional<int> receive_buffer_bytes;
  std::optional<int> send_buffer_bytes;
  std::optional<int> fast_open_queue;  // fastopen
  bool keepalive_probes = false;       // so_keepalive
  // so_keepalive=IDLE:INTERVAL:COUNT (TCP_KEEPIDLE and friends); absent: the kernel's values.
  std::optional<Duration> keepalive_idle;
  std::optional<Duration> keepalive_interval;
  std::optional<int> keepalive_count;
  std::uint32_t default_server = 0;    // index into Proxy::servers
  std::vector<std::uint32_t> servers;  // all servers that listen here, in file order
  Position where;
};

}  // namespace baton::config
