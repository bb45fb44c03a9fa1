// UDP sockets for BFD control packets (RFC 5881 sections 4 and 5): one receiver a family and port
// for all sessions, and one sender a session, with a source port and a hop limit of its own.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "base/time.h"
#include "net/address.h"
#include "runtime/fd.h"

namespace baton::linux {

struct BfdDatagram {
  std::span<const std::uint8_t> bytes;  // valid until the next receive()
  net::IpAddress source;
  net::IpAddress destination;
  int link = 0;
  std::uint8_t hop_limit = 0;
  Duration age{};  // how long the kernel has had it
};

class BfdReceiver {
 public:
  static Result<BfdReceiver> open(net::Family family, std::uint16_t port);

  // Gives the descriptor away to be watched; receive() goes on with it.
  runtime::Fd release();
  // The next packet that waits; nothing when there is none.
  std::optional<BfdDatagram> receive();

 private:
  explicit BfdReceiver(runtime::Fd fd) : fd_(std::move(fd)), watched_(fd_.get()) {}
  runtime::Fd fd_;
  int watched_;
  // Longer ones are cut; a control packet has 24 bytes, and authentication is not offered.
  std::array<std::uint8_t, 256> buffer_{};
};

class BfdSender {
 public:
  struct Way {
    int link = 0;          // 0: by the routes
    net::IpAddress local;  // 0.0.0.0 or :: for the kernel's choice
    net::IpAddress remote;
    std::uint16_t port = 0;
    std::uint16_t source_port = 0;
    std::uint8_t hop_limit = 255;
  };
  static Result<BfdSender> open(const Way& way);

  // Without blocking.
  Status send(std::span<const std::uint8_t> bytes);

 private:
  BfdSender(runtime::Fd fd, const Way& way) : fd_(std::move(fd)), way_(way) {}
  runtime::Fd fd_;
  Way way_;
};

}  // namespace baton::linux
