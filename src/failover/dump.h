// What keepalived writes to /tmp on USR1, USR2 and SIGRTMIN+2, for exporters and scripts that read
// it there.
#pragma once

#include <string>

#include "base/log.h"
#include "base/time.h"

namespace baton::failover {

class NodeView;

// keepalived.data: everything, for people.
std::string dump_text(const NodeView& node, Instant now, WallTime wall_now);
// keepalived.stats: counters of every instance.
std::string dump_statistics(const NodeView& node);
// keepalived.json: an array of {"data": {...}, "stats": {...}}.
std::string dump_json(const NodeView& node, Instant now, WallTime wall_now);

// Replaces the file at `path` by `text`, mode 0600; does not follow a link that somebody else may
// have put there. Problems are logged.
void write_dump(const std::string& path, const std::string& text, Log& log);

}  // namespace baton::failover
