// What the three ways of checking a configuration share.
#pragma once

#include <vector>

#include "config/model/failover.h"
#include "config/source.h"

namespace baton::cli {

// All problems in the order of the files and their lines, whatever order they were found in.
std::vector<config::Diagnostic> in_reading_order(const config::Diagnostics& diagnostics,
                                                 const config::SourceTree& sources);

// Where a script is configured that runs as root although nothing watches over its file; null when
// there is none, or when enable_script_security is set.
const config::Position* unguarded_root_script(const config::Failover& model);
// The same for startup_script and shutdown_script.
const config::Position* unguarded_frame_script(const config::Failover& model);

}  // namespace baton::cli
