// BFD sessions for the status object.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "failover/fast_detection.h"

namespace baton::failover {

// An array of all sessions, and an object of rejected packets by cause.
nlohmann::json bfd_status(const FastDetection& detection, const config::Failover& config,
                          Instant now);

}  // namespace baton::failover
