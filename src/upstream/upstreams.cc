// Naming the slots of a configuration and building its groups.

#include "upstream/upstreams.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace baton::upstream {

namespace {

constexpr std::uint16_t http_port = 80;

bool learns_sessions(const config::UpstreamGroup& group) {
  return group.sticky && group.sticky->method == config::Sticky::Method::learn;
}

}  // namespace

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
    const Status named = ResolvedServers::name_slots(region, group, generation);
    if (!named) return named;
    if (!learns_sessions(group)) continue;
    const Status zone = Sessions::name_zone(region, *group.sticky, generation);
    if (!zone) return zone;
  }
  return {};
}

Upstreams::Upstreams(const config::Proxy& config, ipc::SharedRegion& region,
                     std::uint64_t generation)
    : places_(config.upstreams.size()) {
  const auto lane = static_cast<std::uint32_t>(generation % ipc::lanes_max);
  for (std::uint32_t i = 0; i < places_.size(); ++i) {
    const config::UpstreamGroup& group = config.upstreams[i];
    Place& place = places_[i];
    if (learns_sessions(group)) place.sessions = std::make_unique<Sessions>(region, *group.sticky);
    if (group.resolved.empty()) {
      place.group = std::make_shared<Group>(group, region, lane);
      place.group->set_generation(generation);
    } else {
      place.resolved = std::make_unique<ResolvedServers>(group, region, generation);
      place.group = place.resolved->make_group();
    }
    const bool by_server = group.implicit && !group.servers.empty();
    names_.try_emplace(lowered(by_server ? group.servers[0].name : group.name), i);
  }
}

std::uint32_t Upstreams::groups_dead(Instant now) const {
  return static_cast<std::uint32_t>(
      std::ranges::count_if(places_, [&](const Place& place) { return !place.group->alive(now); }));
}

std::optional<std::uint32_t> Upstreams::find(std::string_view host,
                                             std::optional<std::uint16_t> port) const {
  const std::string name = lowered(host);
  if (!port) {
    const auto block = names_.find(name);
    if (block != names_.end()) return block->second;
  }
  const auto implicit = names_.find(fmt::format("{}:{}", name, port.value_or(http_port)));
  if (implicit == names_.end()) return std::nullopt;
  return implicit->second;
}

std::shared_ptr<Group> Upstreams::current(std::uint32_t index) const {
  const std::lock_guard lock(changing_);
  return places_[index].group;
}

void Upstreams::replace(std::uint32_t index) {
  Place& place = places_[index];
  auto made = place.resolved->make_group();
  const std::lock_guard lock(changing_);
  place.group.swap(made);
  place.serial.fetch_add(1, std::memory_order_release);
}

}  // namespace baton::upstream
