// Waiting before a new state is believed.

#include "failover/link_debounce.h"

#include <algorithm>

namespace baton::failover {

bool LinkDebounce::look(const std::string& interface, bool usable, Instant now) {
  const auto found = std::ranges::find(delays_, interface, &config::InterfaceDelays::interface);
  if (found == delays_.end()) return usable;
  const auto [entry, is_first] = seen_.try_emplace(interface, Seen{usable, never});
  Seen& seen = entry->second;
  if (is_first || seen.believed == usable) {
    seen.due = never;
    return seen.believed;
  }
  if (seen.due == never) seen.due = now + (usable ? found->up : found->down);
  if (now >= seen.due) seen = Seen{usable, never};
  return seen.believed;
}

Instant LinkDebounce::next_change() const {
  Instant next = never;
  for (const auto& [interface, seen] : seen_) next = std::min(next, seen.due);
  return next;
}

}  // namespace baton::failover
