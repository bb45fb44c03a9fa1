// Lanes and pauses.

#include "failover/announce_pacing.h"

#include <fmt/format.h>

namespace baton::failover {

AnnouncePacing::AnnouncePacing(const config::Failover& config)
    : garp_(config.garp_interval), gna_(config.wire.gna_interval) {
  std::size_t number = 0;
  for (const auto& group : config.wire.garp_groups) {
    // No interface has a name with a blank.
    const std::string lane = fmt::format("group {}", ++number);
    for (const auto& device : group.interfaces) {
      grouped_[device] = {lane, group.garp_interval.value_or(garp_),
                          group.gna_interval.value_or(gna_)};
    }
  }
}

AnnouncePacing::Pause AnnouncePacing::pause(const std::string& device, net::Family family) const {
  const bool is_ipv4 = family == net::Family::ipv4;
  if (const auto found = grouped_.find(device); found != grouped_.end()) {
    return {found->second.lane, is_ipv4 ? found->second.garp : found->second.gna};
  }
  return {device, is_ipv4 ? garp_ : gna_};
}

}  // namespace baton::failover
