// no_accept of keepalived.conf in the kernel: an nftables table that drops what comes to, and
// leaves from, addresses that this node holds for others to use only.
//
// The table belongs to this socket (NFT_TABLE_F_OWNER): it is gone when the process is. Every
// change replaces the whole table in one transaction, so that there is never half of it. IPv6
// neighbour discovery (RFC 4861) passes: without it the address could not even be resolved.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "net/address.h"
#include "runtime/fd.h"

namespace baton::linux {

class PacketFilter {
 public:
  struct Settings {
    std::string table = "keepalived";
    int priority = -1;  // of its hooks; lower comes first
    bool counters = false;

    friend bool operator==(const Settings&, const Settings&) = default;
  };

  // Opens nothing yet: most nodes never drop anything.
  PacketFilter() = default;

  // From now on exactly `addresses` are dropped. None: the table is removed.
  Status drop(const Settings& settings, std::span<const net::IpAddress> addresses);

 private:
  Status replace(const Settings& settings, std::span<const net::IpAddress> addresses, bool owned);
  Status send(std::span<const char> batch, std::uint32_t last_sequence);

  runtime::Fd fd_;
  std::string present_;  // the table that is there; empty: none
  std::uint32_t sequence_ = 0;
};

}  // namespace baton::linux
