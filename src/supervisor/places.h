// Settles what keepalived.conf says about the places of the tree: its network namespace, its pid
// files, the names in the log. Once, before the tree is made.
#pragma once

#include "base/result.h"
#include "config/model/process_places.h"
#include "supervisor/options.h"

namespace baton::supervisor {

// Enters the network namespace NAME of /run/netns.
Status enter_network_namespace(const std::string& name);

// Fills in `options`. Under the name keepalived, pid files that the command line does not name go
// where keepalived puts them: /run/keepalived, with the instance in the name, below the
// namespace's. Enters the network namespace unless the command line has done so.
Status settle_places(Options& options, const config::ProcessPlaces& places);

}  // namespace baton::supervisor
