// Naming the slots of a configuration and building its groups.

#include "upstream/upstreams.h"

#include <algorithm>
#include <map>
#include <string>

namespace baton::upstream {

Status name_slots(ipc::SharedRegion& region, const config::Proxy& config,
                  std::uint64_t generation) {
  for (const auto& group : config.upstreams) {
    if (auto slot = region.groups().find_or_add(group.name, generation); !slot) {
      return std::unexpected(slot.error());
    }
    std::map<std::string, std::uint32_t> occurrences;
    for (const auto& server : group.servers) {
      const std::uint32_t occurrence = occurrences[Group::slot_name(group, server, 0)]++;
      auto slot =
          region.peers().find_or_add(Group::slot_name(group, server, occurrence), generation);
      if (!slot) return std::unexpected(slot.error());
    }
  }
  return {};
}

Upstreams::Upstreams(const config::Proxy& config, ipc::SharedRegion& region,
                     std::uint64_t generation) {
  const auto lane = static_cast<std::uint32_t>(generation % ipc::lanes_max);
  groups_.reserve(config.upstreams.size());
  for (const auto& group : config.upstreams) {
    groups_.push_back(std::make_unique<Group>(group, region, lane));
  }
}

std::uint32_t Upstreams::groups_dead(Instant now) const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(groups_, [&](const auto& group) { return !group->alive(now); }));
}

}  // namespace baton::upstream
