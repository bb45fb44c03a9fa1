// How the kernel treats the failover process: scheduling class, locked memory, processors. What the
// file does not say is done as well as the system permits.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.h"

namespace baton::config {

struct Scheduling {
  std::optional<std::uint8_t>
      realtime_priority;             // vrrp_rt_priority; absent: the lowest, if allowed
  bool realtime_allowed = true;      // max_auto_priority -1 or 0: not by itself
  std::optional<int> nice;           // vrrp_priority
  bool lock_memory = true;           // vrrp_no_swap asks for it; it is tried anyway
  std::vector<unsigned> processors;  // vrrp_cpu_affinity; empty: all
  // The longest that it may compute without a pause in the real-time class (vrrp_rlimit_rttime);
  // then it loses that class.
  Duration realtime_longest = 2s;
};

}  // namespace baton::config
