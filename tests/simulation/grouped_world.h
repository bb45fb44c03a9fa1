// Two hosts on two links with an instance on each, tied by a sync group: one fault of a host, a
// link or a member after the other, everything mended, time to settle.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace baton::vrrp {

// Runs one world of this seed for `length` of virtual time. Gives what a judge found wrong; empty
// when nothing was.
std::string run_grouped_world(std::uint64_t seed, Duration length);

}  // namespace baton::vrrp
