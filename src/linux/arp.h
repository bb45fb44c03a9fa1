// Gratuitous ARP (RFC 5227 section 3, in keepalived's form: a broadcast request whose sender and
// target are the announced address), sent by a packet socket.
#pragma once

#include <array>
#include <cstdint>

#include "base/result.h"
#include "net/address.h"
#include "runtime/fd.h"

namespace baton::linux {

using ArpFrame = std::array<std::uint8_t, 42>;

// The whole Ethernet frame that announces `address` (IPv4, asserts) at `mac`.
ArpFrame build_gratuitous_arp(const net::Mac& mac, const net::IpAddress& address);

class ArpSocket {
 public:
  static Result<ArpSocket> open();
  // Sends one frame out of the link. Never blocks: a full queue is an error.
  Status announce(int link, const net::Mac& mac, const net::IpAddress& address);

 private:
  explicit ArpSocket(runtime::Fd fd) : fd_(std::move(fd)) {}
  runtime::Fd fd_;
};

}  // namespace baton::linux
