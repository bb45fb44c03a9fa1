// The part of an instance's status that tells of the second heartbeat path and the witness
// (status.h has the fields).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "base/time.h"

namespace baton::vrrp {
class Instance;
}

namespace baton::failover {

class MismatchBook;
class SecondPath;

// Adds held_back, second_path, witness and mismatches to `object`.
void add_guard_status(nlohmann::json& object, const vrrp::Instance& instance,
                      const MismatchBook& mismatches, Instant now);

// What holds for the second path of all instances; null without one.
nlohmann::json second_path_status(const SecondPath& path);

}  // namespace baton::failover
