// Watching VRRP on the wire: a packet socket that sees what comes in and what goes out on a link,
// and lets nothing but IPv4 and IPv6 packets of protocol 112 (VRRP) and 51 (AH, which may hold
// VRRP) through its filter. Nothing is sent, no address is needed. Needs CAP_NET_RAW.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "base/time.h"
#include "runtime/fd.h"

namespace baton::linux {

struct CapturedPacket {
  std::span<const std::uint8_t> bytes;  // from the IP header on; valid until the next receive()
  WallTime time{};                      // when the kernel saw it
  int link = 0;
  bool outgoing = false;
};

class PacketCapture {
 public:
  // Watches link `link`; 0 means all of them.
  static Result<PacketCapture> open(int link);

  // The next packet; nothing when none came within `patience` (rounded to ms; negative: for ever).
  Result<std::optional<CapturedPacket>> receive(Duration patience);

 private:
  explicit PacketCapture(runtime::Fd fd) : fd_(std::move(fd)) {}
  runtime::Fd fd_;
  std::array<std::uint8_t, 9216> buffer_;
};

}  // namespace baton::linux
