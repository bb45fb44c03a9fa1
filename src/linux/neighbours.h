// The neighbours of this machine: who the kernel has found on a link by ARP.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/address.h"

namespace baton::linux {

// More are not asked.
inline constexpr std::size_t neighbours_max = 8;

// IPv4 neighbours on `device` with a hardware address, at most neighbours_max.
std::vector<net::IpAddress> known_neighbours(const std::string& device);

// The same from the text of /proc/net/arp.
std::vector<net::IpAddress> parse_neighbours(std::string_view table, std::string_view device);

}  // namespace baton::linux
