// Slots for servers that come and go.

#include "upstream/resolved_servers.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/assert.h"

namespace baton::upstream {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;

// PeerSlot::place: weight, port, and a bit for each of these.
constexpr std::uint64_t place_in_use = 1;
constexpr std::uint64_t place_ipv6 = 2;
constexpr std::uint64_t place_backup = 4;
constexpr unsigned place_port_shift = 16;
constexpr unsigned place_weight_shift = 32;

std::string slot_name(const config::UpstreamGroup& group, const config::ResolvedServer& line,
                      std::size_t line_number, std::uint32_t number) {
  return fmt::format("{}/{}/{}~{}.{}", group.name, line.server.name, line.service, line_number,
                     number);
}

// Never 0.
std::uint64_t mark_of(const net::Endpoint& endpoint) {
  return std::hash<std::string>{}(endpoint.text()) | 1;
}

void write_place(ipc::PeerSlot& slot, const ResolvedMember& server) {
  std::uint64_t words[2] = {};
  const auto bytes = server.endpoint.address.bytes();
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::uint8_t*>(words));
  slot.address[0].store(words[0], relaxed);
  slot.address[1].store(words[1], relaxed);
  std::uint64_t place = place_in_use | std::uint64_t{server.endpoint.port} << place_port_shift |
                        std::uint64_t{server.weight} << place_weight_shift;
  if (!server.endpoint.address.is_ipv4()) place |= place_ipv6;
  if (server.backup) place |= place_backup;
  slot.place.store(place, std::memory_order_release);
}

ResolvedMember read_place(const ipc::PeerSlot& slot, std::uint64_t place) {
  const std::uint64_t words[2] = {slot.address[0].load(relaxed), slot.address[1].load(relaxed)};
  const std::span<const std::uint8_t, 16> bytes(reinterpret_cast<const std::uint8_t*>(words), 16);
  ResolvedMember server;
  server.endpoint.address =
      place & place_ipv6 ? net::IpAddress::ipv6(bytes) : net::IpAddress::ipv4(bytes.first<4>());
  server.endpoint.port = static_cast<std::uint16_t>(place >> place_port_shift);
  server.weight = static_cast<std::uint32_t>(place >> place_weight_shift);
  server.backup = (place & place_backup) != 0;
  return server;
}

// Another server's counters are not this one's.
void clear_counters(ipc::PeerSlot& slot) {
  const auto zero = [](auto&... counters) { (counters.store({}, relaxed), ...); };
  zero(slot.requests, slot.bytes_sent, slot.bytes_received, slot.last_picked_ns);
  zero(slot.fails, slot.times_unavailable, slot.check_word, slot.accessed_ns, slot.checked_ns,
       slot.unavailable_since_ns, slot.failures, slot.recovered_ns, slot.stalled_since_ns);
  zero(slot.waiting, slot.suspect_waiting, slot.suspect_ns, slot.silent_since_ns, slot.answered_ns,
       slot.stall_probe_ns, slot.stall_probes, slot.times_stalled, slot.mean_header_ns,
       slot.mean_response_ns, slot.header_time_ns, slot.response_time_ns);
  zero(slot.checks, slot.checks_failed, slot.times_unhealthy, slot.check_passed_last);
  for (auto& counter : slot.answers_by_time) zero(counter);
  for (auto& counter : slot.responses) zero(counter);
}

// What a Group needs to stay as long as it does.
struct OwnedGroup {
  OwnedGroup(config::UpstreamGroup taken, ipc::GroupSlot& shared,
             const std::vector<ipc::PeerSlot*>& slots, std::uint32_t lane)
      : config(std::move(taken)), group(config, shared, slots, lane) {}
  config::UpstreamGroup config;
  Group group;
};

struct PrivateGroup {
  explicit PrivateGroup(config::UpstreamGroup taken) : peers(taken.servers.size()) {
    std::vector<ipc::PeerSlot*> slots;
    for (ipc::PeerSlot& slot : peers) slots.push_back(&slot);
    owned.emplace(std::move(taken), shared, slots, 0);
  }
  ipc::GroupSlot shared;
  std::deque<ipc::PeerSlot> peers;
  std::optional<OwnedGroup> owned;
};

}  // namespace

std::shared_ptr<Group> make_owning_group(config::UpstreamGroup config, ipc::GroupSlot& shared,
                                         const std::vector<ipc::PeerSlot*>& slots,
                                         std::uint32_t lane) {
  const auto owned = std::make_shared<OwnedGroup>(std::move(config), shared, slots, lane);
  return {owned, &owned->group};
}

std::shared_ptr<Group> make_private_group(config::UpstreamGroup config) {
  const auto owned = std::make_shared<PrivateGroup>(std::move(config));
  return {owned, &owned->owned->group};
}

Status ResolvedServers::name_slots(ipc::SharedRegion& region, const config::UpstreamGroup& group,
                                   std::uint64_t generation) {
  for (std::size_t line = 0; line < group.resolved.size(); ++line) {
    for (std::uint32_t number = 0; number < members_max; ++number) {
      const auto slot = region.peers().find_or_add(
          slot_name(group, group.resolved[line], line, number), generation);
      if (!slot) return std::unexpected(slot.error());
    }
  }
  return {};
}

ResolvedServers::ResolvedServers(const config::UpstreamGroup& config, ipc::SharedRegion& region,
                                 std::uint64_t generation)
    : config_(config),
      shared_(*region.groups().find(config.name)),
      generation_(generation),
      fixed_(Group::find_slots(config, region)),
      lines_(config.resolved.size()) {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    for (std::uint32_t number = 0; number < members_max; ++number) {
      lines_[i].slots.push_back(
          region.peers().find(slot_name(config, config.resolved[i], i, number)));
      BATON_ASSERT(lines_[i].slots.back());
    }
    remember(lines_[i]);
  }
}

void ResolvedServers::remember(Line& line) {
  for (ipc::PeerSlot* slot : line.slots) {
    const std::uint64_t place = slot->place.load(std::memory_order_acquire);
    if (place & place_in_use) line.members.push_back({read_place(*slot, place), slot});
  }
}

// The slot that has the server, or else a free one, or else one whose server has gone.
ipc::PeerSlot* ResolvedServers::take_slot(Line& line, const std::vector<Member>& taken,
                                          const ResolvedMember& server) {
  const std::uint64_t mark = mark_of(server.endpoint);
  const auto is_taken = [&taken](const ipc::PeerSlot* slot) {
    return std::ranges::any_of(taken, [&](const Member& member) { return member.slot == slot; });
  };
  for (ipc::PeerSlot* slot : line.slots) {
    if (slot->occupant.load(relaxed) == mark && !is_taken(slot)) return slot;
  }
  for (const bool gone : {false, true}) {
    for (ipc::PeerSlot* slot : line.slots) {
      std::uint64_t occupant = slot->occupant.load(relaxed);
      const bool in_use = (slot->place.load(relaxed) & place_in_use) != 0;
      if ((occupant != 0) != gone || is_taken(slot)) continue;
      if (gone && (in_use || slot->active_total() > 0)) continue;
      if (!slot->occupant.compare_exchange_strong(occupant, mark)) continue;
      if (gone) clear_counters(*slot);
      return slot;
    }
  }
  return nullptr;
}

bool ResolvedServers::set(std::size_t index, std::vector<ResolvedMember> members) {
  Line& line = lines_[index];
  std::ranges::sort(members);
  const auto server_of = [](const Member& member) { return member.server; };
  std::vector<ResolvedMember> present(line.members.size());
  std::ranges::transform(line.members, present.begin(), server_of);
  // Slots of servers that stay are found before any is taken for a new one.
  std::ranges::partition(members, [&](const ResolvedMember& member) {
    return std::ranges::any_of(
        present, [&](const ResolvedMember& known) { return known.endpoint == member.endpoint; });
  });
  if (members.size() > members_max) members.resize(members_max);
  if (std::ranges::is_permutation(present, members)) return false;
  std::vector<Member> next;
  for (const ResolvedMember& member : members) {
    ipc::PeerSlot* const slot = take_slot(line, next, member);
    if (!slot) continue;  // requests still run at servers that have gone
    write_place(*slot, member);
    next.push_back({member, slot});
  }
  for (const Member& member : line.members) {
    const bool stays =
        std::ranges::any_of(next, [&](const Member& kept) { return kept.slot == member.slot; });
    if (!stays) member.slot->place.store(0, std::memory_order_release);
  }
  std::ranges::sort(next, {}, server_of);
  line.members = std::move(next);
  return true;
}

std::shared_ptr<Group> ResolvedServers::make_group() const {
  config::UpstreamGroup config = config_;
  std::vector<ipc::PeerSlot*> slots = fixed_;
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    for (const Member& member : lines_[i].members) {
      config::UpstreamServer server = config_.resolved[i].server;
      server.endpoint = member.server.endpoint;
      server.weight = member.server.weight;
      server.backup = member.server.backup;
      config.servers.push_back(std::move(server));
      slots.push_back(member.slot);
    }
  }
  const auto lane = static_cast<std::uint32_t>(generation_ % ipc::lanes_max);
  auto group = make_owning_group(std::move(config), shared_, slots, lane);
  group->set_generation(generation_);
  return group;
}

}  // namespace baton::upstream
