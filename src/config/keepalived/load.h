// Reads a keepalived.conf (with everything that it includes) into the typed model.
// Grammar and meaning: keepalived.conf(5).
#pragma once

#include <memory>
#include <string>

#include "config/model/failover.h"
#include "config/source.h"

namespace baton::config::keepalived {

struct LoadOptions {
  std::string path;       // the main file, or a folder whose *.conf are read
  std::string config_id;  // `-i`: what @id lines are held against; empty: the short host name
};

// Null when there was an error that keepalived does not start with; every problem, tolerated or
// not, is in `diagnostics` in either case. Reads files through `sources` only; looks up script
// users in the system's account database.
//
// Whether script files exist and are safe is looked up on the disk, and only when `sources` is
// live: a process that replays sources comes to the same model without a look.
std::shared_ptr<const Failover> load(SourceTree& sources, const LoadOptions& options,
                                     Diagnostics& diagnostics);

}  // namespace baton::config::keepalived
