// The words of baton that guard a takeover: heartbeat_interface, heartbeat_peer,
// heartbeat_interval, heartbeat_port, witness, witness_timeout, takeover_link_wait.
#pragma once

#include <string>

#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

// Reads one of them into `options`; `owner` begins messages.
void read_guard_option(Reader& reader, GuardOptions& options, const std::string& owner,
                       const Statement& statement);

// What an instance does not say itself it takes from global_defs; then what cannot work together
// is reported.
void settle_guard_options(Reader& reader, VrrpInstance& instance);

}  // namespace baton::config::keepalived
