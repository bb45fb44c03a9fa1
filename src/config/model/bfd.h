// bfd_instance blocks and track_bfd: sessions with neighbors that are named in the file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/time.h"
#include "config/source.h"
#include "net/address.h"

namespace baton::config {

struct BfdInstance {
  std::string name;
  net::IpAddress neighbor;
  std::optional<net::IpAddress> source;
  Duration min_rx = 10ms;
  Duration min_tx = 10ms;
  Duration idle_tx = 1s;
  std::uint8_t multiplier = 5;
  bool passive = false;
  bool multihop = false;
  std::uint8_t hop_limit = 255;  // of what is sent; 64 for multihop
  std::uint8_t hops_max = 0;     // over so many hops its packets may come; 255: any number
  int weight = 0;                // 0: a session that is down means FAULT
  bool weight_reverse = false;
  Position where;
};

struct TrackedBfd {
  std::uint32_t session = 0;  // index into Failover::bfd_instances
  int weight = 0;
  bool weight_reverse = false;
};

}  // namespace baton::config
