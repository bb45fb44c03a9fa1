// The two times that decide who waits how long (RFC 3768 section 6.1, RFC 5798 section 6.1). As in
// keepalived the skew of v2 does not depend on the interval; that of v3 does.
#pragma once

#include <cstdint>

#include "base/time.h"

namespace baton::vrrp {

// The higher the priority, the shorter: up to one second (v2) or one interval (v3).
constexpr Duration skew_time(std::uint8_t version, std::uint8_t priority, Duration interval) {
  const Duration whole = version == 2 ? Duration(1s) : interval;
  return (256 - priority) * whole / 256;
}

// How long a backup waits for the master, whose interval is `master_interval`, before it takes its
// place.
constexpr Duration master_down_time(std::uint8_t version, std::uint8_t priority,
                                    Duration master_interval, unsigned adverts = 3) {
  return adverts * master_interval + skew_time(version, priority, master_interval);
}

// A node whose processes died at once keeps its addresses until their lifetime ends, and its kernel
// goes on answering for them: until then the successor's announcements must be the newer ones.
inline constexpr Duration settle_interval = 500ms;
inline constexpr Duration settle_longest = 4s;

}  // namespace baton::vrrp
