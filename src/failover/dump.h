// What keepalived writes to /tmp on USR1, USR2 and SIGRTMIN+2, for exporters and scripts that read
// it there.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/log.h"
#include "base/time.h"
#include "config/model/failover.h"

namespace baton::failover {

class NodeView;

// keepalived_parent.data, and the beginning of keepalived.data: what holds for all instances.
std::string dump_globals(const config::Failover& config);
// keepalived.data: everything, for people.
std::string dump_text(const NodeView& node, Instant now, WallTime wall_now);
// keepalived.stats: counters of every instance.
std::string dump_statistics(const NodeView& node);
// keepalived.json: an array of {"data": {...}, "stats": {...}}; in version 2 the value of "vrrp".
std::string dump_json(const NodeView& node, Instant now, WallTime wall_now);

// Replaces the file at `path` by `text`, mode 0666 less `umask`; does not follow a link that
// somebody else may have put there. Problems are logged.
void write_dump(const std::string& path, const std::string& text, mode_t umask, Log& log);

}  // namespace baton::failover
