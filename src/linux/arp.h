// ARP by packet sockets, three uses of it:
//  * gratuitous ARP (RFC 5227 section 3, in keepalived's form: a broadcast request whose sender and
//    target are the announced address);
//  * asking the other VRRP routers of the link whether one of them also has an address;
//  * hearing who claims one.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/result.h"
#include "linux/address_claim.h"
#include "net/address.h"
#include "runtime/fd.h"

namespace baton::linux {

using ArpFrame = std::array<std::uint8_t, 42>;

// The whole Ethernet frame that announces `address` (IPv4, asserts) at `mac`.
ArpFrame build_gratuitous_arp(const net::Mac& mac, const net::IpAddress& address);

// The frame that asks the members of multicast group `group` who has `address`, without saying a
// sender address (RFC 5227 section 1.1), so that no cache learns anything from it. Hosts that are
// no VRRP routers do not even see it.
ArpFrame build_arp_probe(const net::Mac& mac, const net::IpAddress& address,
                         const net::IpAddress& group);

using ArpClaim = AddressClaim;

// What `frame` claims; nothing for requests of others, for garbage and for claims of nothing.
std::optional<ArpClaim> parse_arp_claim(std::span<const std::uint8_t> frame);

class ArpSocket {
 public:
  static Result<ArpSocket> open();
  // Sends one frame out of the link. Never blocks: a full queue is an error.
  Status announce(int link, const net::Mac& mac, const net::IpAddress& address);
  // The ordinary question of `sender` (who has `address`?), to everybody on the link.
  Status request(int link, const net::Mac& mac, const net::IpAddress& sender,
                 const net::IpAddress& address);
  Status probe(int link, const net::Mac& mac, const net::IpAddress& address,
               const net::IpAddress& group);
  // Any whole Ethernet frame.
  Status send(int link, std::span<const std::uint8_t> frame);

 private:
  explicit ArpSocket(runtime::Fd fd) : fd_(std::move(fd)) {}
  runtime::Fd fd_;
};

// Hears the claims of others on all links.
class ArpListener {
 public:
  static Result<ArpListener> open();
  // Gives the descriptor away to be watched; read() goes on with it.
  runtime::Fd release() {
    watched_ = fd_.get();
    return std::move(fd_);
  }
  // Hands what waits to `visit`; false when there may be more.
  bool read(const std::function<void(const ArpClaim&)>& visit);

 private:
  explicit ArpListener(runtime::Fd fd) : fd_(std::move(fd)), watched_(fd_.get()) {}
  static constexpr int frames_per_read = 256;
  runtime::Fd fd_;
  int watched_;
};

}  // namespace baton::linux
