// What a node asks before it takes over, and how it hears of the other node beside VRRP: the second
// heartbeat path, the witness, the wait for a link that receives. Words of baton's own, in
// global_defs (for all instances) or in a vrrp_instance.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/source.h"
#include "net/address.h"

namespace baton::config {

struct Witness {
  enum class Kind : std::uint8_t { ping, arp, tcp, http } kind = Kind::ping;
  net::IpAddress address;
  std::uint16_t port = 0;  // tcp, http
  std::string host;        // http: for the Host field
  std::string target;      // http: "/path?query"
  std::string text;        // as written: "ping 10.0.0.1"
  Position where;

  friend bool operator==(const Witness& a, const Witness& b) { return a.text == b.text; }
};

inline constexpr std::size_t witnesses_max = 4;
inline constexpr std::size_t heartbeat_paths_max = 4;
inline constexpr std::uint16_t heartbeat_default_port = 8112;
inline constexpr Duration heartbeat_default_interval = 50ms;

struct GuardOptions {
  std::vector<std::string> heartbeat_interfaces;
  std::vector<net::IpAddress> heartbeat_peers;
  std::optional<Duration> heartbeat_interval;  // default: heartbeat_default_interval
  std::vector<Witness> witnesses;              // one that answers is enough
  std::optional<Duration> witness_timeout;     // default 1 s
  // Absent: 30 s in the first two minutes of the machine, else none.
  std::optional<Duration> takeover_link_wait;

  [[nodiscard]] bool has_second_path() const {
    return !heartbeat_interfaces.empty() || !heartbeat_peers.empty();
  }
};

}  // namespace baton::config
