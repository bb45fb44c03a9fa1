// The part of an instance's status that tells of the second heartbeat path and the witness
// (status.h has the fields).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/time.h"

namespace baton::vrrp {
class Instance;
}

namespace baton::failover {

// Adds held_back, second_path and witness to `object`.
void add_guard_status(nlohmann::json& object, const vrrp::Instance& instance, Instant now);

}  // namespace baton::failover
