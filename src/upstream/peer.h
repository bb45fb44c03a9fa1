// One server of a group: what does not change while a configuration is used, and where its shared
// state is.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "ipc/shared_region.h"
#include "net/address.h"
#include "upstream/health.h"

namespace baton::upstream {

struct Peer {
  std::uint32_t index = 0;  // in its group, primaries and backups in file order
  std::string name;         // $upstream_addr: "10.0.0.1:80", "[::1]:80", "unix:/run/app.sock"
  net::Endpoint endpoint;
  std::string unix_path;  // set instead of endpoint
  std::string route;      // route=, or the hexadecimal MD5 of the name; only in sticky groups
  std::uint32_t weight = 1;
  std::uint32_t connections_max = 0;
  bool backup = false;
  bool down = false;
  bool draining = false;  // only requests that are bound to it
  Duration slow_start = 0s;
  HealthRule health;
  ipc::PeerSlot* shared = nullptr;

  // Whether a balancer may give it requests at all.
  [[nodiscard]] bool in_service() const { return !down && !draining; }
};

}  // namespace baton::upstream
