// UDP sockets of the second heartbeat path: one bound to an interface, where reports go to the
// VRRP group of the family (224.0.0.18, ff02::12), or one for unicast to nodes that may be
// anywhere. Switches and firewalls that let adverts through know the groups already; the port keeps
// the two apart.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "net/address.h"
#include "runtime/fd.h"

namespace baton::linux {

struct HeartbeatEndpoint {
  std::string interface;  // empty: unicast, by the routes
  int link = 0;           // its index
  std::uint16_t port = 0;
  net::Family family = net::Family::ipv4;

  friend auto operator<=>(const HeartbeatEndpoint&, const HeartbeatEndpoint&) = default;
};

struct ReceivedHeartbeat {
  std::span<const std::uint8_t> bytes;  // valid until the next receive()
  net::IpAddress source;
  bool from_this_link = false;  // sent with the highest TTL: no router was between (RFC 5082)
};

class HeartbeatSocket {
 public:
  static Result<HeartbeatSocket> open(const HeartbeatEndpoint& endpoint);

  [[nodiscard]] const HeartbeatEndpoint& endpoint() const { return endpoint_; }
  // Gives the descriptor away to be watched; the others go on with it.
  runtime::Fd release();
  Status send(std::span<const std::uint8_t> bytes, const net::IpAddress& to);
  // The next report that waits; nothing when there is none.
  std::optional<ReceivedHeartbeat> receive();

 private:
  HeartbeatSocket(HeartbeatEndpoint endpoint, runtime::Fd fd);
  HeartbeatEndpoint endpoint_;
  runtime::Fd fd_;
  int watched_;
  std::array<std::uint8_t, 512> buffer_;
};

// A number that no other start of a process has.
std::uint64_t draw_run_number();

}  // namespace baton::linux
