// The pair link and the handover over it (failover/pair_link.h): who the other nodes are, and the
// file with the key that all of them share, which also proves the reports of the second heartbeat
// path (vrrp/heartbeat_seal.h). Without these words nothing listens and nothing dials.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/source.h"
#include "net/address.h"

namespace baton::config {

inline constexpr std::uint16_t pair_port = 4112;
inline constexpr std::size_t pair_peers_max = 8;

struct PairSettings {
  std::string key_file;                 // pair_key; empty: no link
  std::vector<net::Endpoint> peers;     // pair_peer, one line each
  std::optional<net::Endpoint> listen;  // pair_listen; absent: every address, pair_port
  // How long connections of a moved address stay with the node that they began on.
  Duration handover_timeout = 600s;
  bool proves_reports = false;  // some instance has a second heartbeat path
  Position where;               // of the first of these words

  [[nodiscard]] bool enabled() const { return !key_file.empty() && !peers.empty(); }
  // Somebody uses the key.
  [[nodiscard]] bool needs_key() const {
    return !key_file.empty() && (!peers.empty() || proves_reports);
  }
};

}  // namespace baton::config
