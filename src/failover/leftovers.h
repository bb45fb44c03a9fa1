// What a failover process that died without a word leaves in the kernel. Addresses go by themselves
// (address_guard.h); the rest is removed by the next process at its start, and by the supervisor as
// soon as it sees the death.
#pragma once

#include "base/log.h"
#include "config/model/failover.h"
#include "failover/route_guard.h"
#include "failover/vmac_guard.h"

namespace baton::failover {

// All routes and rules of the configuration, static ones too.
HeldRoutes all_routes(const config::Failover& config);
// The interfaces of all instances.
std::vector<config::VmacLink> all_vmacs(const config::Failover& config);
// For another process than the one that died: opens what it needs and closes it again.
void remove_leftovers(const config::Failover& config, Log& log);

}  // namespace baton::failover
