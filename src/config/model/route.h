// Routes and routing rules of keepalived.conf (virtual_routes, virtual_rules and the static_
// family) in iproute2's words, as the kernel takes them. Numbers are those of <linux/rtnetlink.h>
// and <linux/fib_rules.h>; device names are resolved when a route is put, since a device may come
// later.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/source.h"
#include "net/address.h"

namespace baton::config {

// RTPROT_KEEPALIVED: by it `ip route` and `ip rule` show who put them, and leftovers are known.
inline constexpr std::uint8_t route_protocol = 18;

struct RouteHop {
  std::optional<net::IpAddress> gateway;
  std::string device;
  std::uint16_t weight = 1;  // 1 to 256
  bool onlink = false;
  std::optional<std::uint32_t> realms;

  friend bool operator==(const RouteHop&, const RouteHop&) = default;
};

struct Route {
  net::Family family = net::Family::ipv4;
  std::uint8_t type = 1;  // RTN_UNICAST
  net::Prefix destination;
  std::optional<net::Prefix> source;               // from: IPv6 only
  std::optional<net::IpAddress> preferred_source;  // src
  std::vector<RouteHop> hops;  // one for via, dev and onlink; more for nexthop; none for blackholes
  bool multipath = false;      // written with nexthop
  std::uint32_t table = 254;   // RT_TABLE_MAIN
  std::uint8_t protocol = route_protocol;
  std::optional<std::uint8_t> scope;  // absent: what iproute2 would take
  std::uint8_t tos = 0;
  std::optional<std::uint32_t> priority;  // metric
  std::map<std::uint16_t, std::uint32_t>
      metrics;  // RTAX_ number -> value; RTAX_LOCK is a set of bits
  std::string congestion_control;
  std::optional<std::uint8_t> preference;  // pref: IPv6
  std::optional<std::uint32_t> expires_s;
  std::optional<std::uint32_t> realms;
  bool append = false;      // after, not before, routes that it equals
  bool tracked = true;      // false: not put back when somebody removes it
  std::string track_group;  // static routes only
  std::string text;         // as written, for people
  Position where;

  // Whether both are the same to the kernel.
  [[nodiscard]] bool same_as(const Route& other) const;
};

struct RoutingRule {
  net::Family family = net::Family::ipv4;
  bool inverted = false;  // not
  std::optional<net::Prefix> from, to;
  std::string in_device, out_device;
  std::uint8_t tos = 0;
  std::optional<std::uint32_t> mark, mark_mask;
  std::uint32_t priority = 0;
  std::uint8_t action = 1;  // FR_ACT_TO_TBL
  std::uint32_t table = 0;
  std::optional<std::uint32_t> target;  // goto
  std::optional<std::uint32_t> realms;
  std::optional<std::uint32_t> suppress_prefix_length, suppress_group;
  std::optional<std::uint8_t> ip_protocol;
  std::optional<std::pair<std::uint16_t, std::uint16_t>> source_ports, destination_ports;
  std::optional<std::pair<std::uint32_t, std::uint32_t>> users;  // uidrange
  bool l3mdev = false;
  std::uint8_t protocol = route_protocol;
  bool tracked = true;
  std::string track_group;  // static rules only
  std::string text;
  Position where;

  [[nodiscard]] bool same_as(const RoutingRule& other) const;
};

}  // namespace baton::config
