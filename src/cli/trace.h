// `baton trace`: VRRP on the wire, decoded live, in the manner of `tcpdump -nn -vvv`, and told
// plainly where a packet is wrong or does not go with those of its neighbours.
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>

#include "base/time.h"
#include "vrrp/packet.h"

namespace baton::cli {

// One VRRP packet from its IPv4 or IPv6 header on, as tcpdump prints it: two lines, and one more
// for everything that is wrong with it. No line end behind the last one. The time is printed in
// the local time zone.
std::string describe_packet(std::span<const std::uint8_t> packet, WallTime time);

// The same packet as values; version 0 in `advert` when it is no IP packet with VRRP in it.
vrrp::ParsedAdvert parse_packet(std::span<const std::uint8_t> packet);

struct TraceOptions {
  std::string interface;    // empty: all
  std::uint64_t count = 0;  // stop after so many packets; 0: never
};

// Prints to `out`, one flush a packet, until `count` is reached or a signal ends the process.
// Returns the exit code: 0, or 1 when the interface cannot be watched.
int trace(const TraceOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace baton::cli
