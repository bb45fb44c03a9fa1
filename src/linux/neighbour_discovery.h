// IPv6 neighbour discovery (RFC 4861), three uses of it, the counterparts of those in arp.h:
//  * the unsolicited neighbour advertisement that announces an address to all nodes of a link;
//  * asking the other VRRP routers of the link whether one of them also has an address;
//  * hearing who claims one.
// Frames are built whole and sent by a packet socket, so that they depend on no address state;
// claims come in by a raw ICMPv6 socket, whose checksums the kernel has verified.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/result.h"
#include "linux/address_claim.h"
#include "runtime/fd.h"

namespace baton::linux {

using NeighbourFrame = std::array<std::uint8_t, 86>;

// The whole Ethernet frame that tells all nodes that `address` (IPv6, asserts) is at `mac`.
// `router`: this machine forwards, RFC 4861 section 4.4.
NeighbourFrame build_neighbour_advertisement(const net::Mac& mac, const net::IpAddress& address,
                                             bool router);

// The multicast group that every holder of `address` (IPv6, asserts) is in (RFC 4291
// section 2.7.1).
net::IpAddress solicited_node_group(const net::IpAddress& address);

// The frame that asks the members of multicast group `group` who has `address`. It has a source
// (`from`, an address of ours), so that the answer goes to us alone and changes no cache but ours;
// hosts that are not in the group do not even see it.
NeighbourFrame build_neighbour_probe(const net::Mac& mac, const net::IpAddress& from,
                                     const net::IpAddress& address, const net::IpAddress& group);

// The question to all nodes of a link whether they are there (RFC 4443 section 4.1), from `from`, a
// link-local address of ours. Who answers does so to us alone.
NeighbourFrame build_call_to_all(const net::Mac& mac, const net::IpAddress& from);

// What an ICMPv6 message claims; nothing unless it is a whole neighbour advertisement for a unicast
// address that says its sender's hardware address.
std::optional<AddressClaim> parse_neighbour_claim(std::span<const std::uint8_t> message);

// True when this machine routes IPv6 on the interface (sysctl net.ipv6.conf.NAME.forwarding).
bool forwards_ipv6(const std::string& interface);

// Hears the claims of others on all links.
class NeighbourListener {
 public:
  // An error where the kernel has no IPv6.
  static Result<NeighbourListener> open();
  // Gives the descriptor away to be watched; read() goes on with it.
  runtime::Fd release() {
    watched_ = fd_.get();
    return std::move(fd_);
  }
  // Hands what waits to `visit`; false when there may be more.
  bool read(const std::function<void(const AddressClaim&)>& visit);

 private:
  explicit NeighbourListener(runtime::Fd fd) : fd_(std::move(fd)), watched_(fd_.get()) {}
  static constexpr int messages_per_read = 256;
  runtime::Fd fd_;
  int watched_;
};

}  // namespace baton::linux
