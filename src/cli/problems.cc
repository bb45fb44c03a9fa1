// Sorting problems, and finding scripts of root.

#include "cli/problems.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

namespace baton::cli {

using config::Diagnostic;
using config::Diagnostics;
using config::SourceTree;

namespace {

bool runs_as_root(const std::optional<config::ScriptCommand>& command) {
  return command && command->user.uid == 0;
}

bool runs_as_root(const config::NotifyCommands& notify) {
  return runs_as_root(notify.master) || runs_as_root(notify.backup) || runs_as_root(notify.fault) ||
         runs_as_root(notify.stop) || runs_as_root(notify.any) ||
         runs_as_root(notify.lower_priority) || runs_as_root(notify.deleted);
}

}  // namespace

std::vector<Diagnostic> in_reading_order(const Diagnostics& diagnostics,
                                         const SourceTree& sources) {
  std::map<std::string, std::size_t> rank;
  for (const auto& path : sources.order()) rank.emplace(path, rank.size() + 1);
  const auto key = [&rank](const Diagnostic& diagnostic) {
    const auto& where = diagnostic.where;
    const auto found = where.file ? rank.find(*where.file) : rank.end();
    return std::tuple(found == rank.end() ? 0 : found->second, where.line, where.column);
  };
  std::vector<const Diagnostic*> order;
  order.reserve(diagnostics.all().size());
  for (const Diagnostic& diagnostic : diagnostics.all()) order.push_back(&diagnostic);
  // Elements of one vector: their addresses keep the order of what stands in the same place.
  std::ranges::sort(order, [&key](const Diagnostic* a, const Diagnostic* b) {
    return std::pair(key(*a), a) < std::pair(key(*b), b);
  });
  std::vector<Diagnostic> sorted;
  for (const Diagnostic* diagnostic : order) sorted.push_back(*diagnostic);
  return sorted;
}

const config::Position* unguarded_root_script(const config::Failover& model) {
  if (model.script_security) return nullptr;
  for (const auto& fifo : model.messages.fifos) {
    if (runs_as_root(fifo.script)) return &fifo.script->where;
  }
  for (const auto& instance : model.instances) {
    for (const auto& tracked : instance.tracked_scripts) {
      const auto& command = model.scripts[tracked.script].command;
      if (command.user.uid == 0) return &command.where;
    }
    if (runs_as_root(instance.notify)) return &instance.where;
  }
  for (const auto& group : model.sync_groups) {
    if (runs_as_root(group.notify)) return &group.where;
  }
  return nullptr;
}

const config::Position* unguarded_frame_script(const config::Failover& model) {
  if (model.script_security) return nullptr;
  for (const auto* frame : {&model.messages.startup, &model.messages.shutdown}) {
    if (runs_as_root(frame->command)) return &frame->command->where;
  }
  return nullptr;
}

}  // namespace baton::cli
