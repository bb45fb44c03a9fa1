// Where and how traffic to addresses is dropped that an instance holds without accepting it
// (no_accept, and vrrp_strict without `accept`): the nftables words of keepalived.conf(5).
#pragma once

#include <string>

namespace baton::config {

struct PacketFilter {
  std::string table = "keepalived";  // nftables NAME; must not exist
  int priority = -1;                 // of the hooks; lower comes first
  bool counters = false;
};

}  // namespace baton::config
