// ICMP and ICMPv6 echo ("ping", RFC 792, RFC 4443 section 4) by raw sockets.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "net/address.h"
#include "runtime/fd.h"

namespace baton::linux {

class EchoSocket {
 public:
  struct Reply {
    net::IpAddress source;
    std::uint16_t identifier = 0;
    std::uint16_t sequence = 0;
  };

  static Result<EchoSocket> open(net::Family family);
  // Gives the descriptor away to be watched; the others go on with it.
  runtime::Fd release();
  Status send(const net::IpAddress& to, std::uint16_t identifier, std::uint16_t sequence);
  // The next echo reply that waits, whoever asked for it; nothing when there is none.
  std::optional<Reply> receive();

 private:
  EchoSocket(net::Family family, runtime::Fd fd);
  net::Family family_;
  runtime::Fd fd_;
  int watched_;
};

}  // namespace baton::linux
