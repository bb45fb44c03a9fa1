// baton's own: how fast a backup notices that the master is gone. BFD runs by itself between two
// nodes that both have it; `fast_failover INTERVAL MULTIPLIER` or `fast_failover off` in
// global_defs or in an instance.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace baton::config {

struct FastFailover {
  bool enabled = true;
  Duration interval = 50ms;     // between packets
  std::uint8_t multiplier = 3;  // so many missing ones in a row mean that the master is gone

  friend bool operator==(const FastFailover&, const FastFailover&) = default;
};

}  // namespace baton::config
