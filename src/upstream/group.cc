// A group's servers, who of them is eligible, and how one is taken.

#include "upstream/group.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/assert.h"
#include "base/hex_digest.h"
#include "upstream/sessions.h"
#include "upstream/stall_guard.h"

namespace baton::upstream {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
// What weights are multiplied by in a group with slow start.
constexpr std::uint32_t slow_start_unit = 64;

Peer make_peer(const config::UpstreamServer& server, std::uint32_t index) {
  Peer peer;
  peer.index = index;
  peer.name = server.unix_path.empty() ? server.endpoint.text() : "unix:" + server.unix_path;
  peer.endpoint = server.endpoint;
  peer.unix_path = server.unix_path;
  peer.weight = server.weight;
  peer.connections_max = server.max_connections;
  peer.backup = server.backup;
  peer.down = server.down;
  peer.draining = server.drain;
  peer.slow_start = server.slow_start;
  peer.health = {.max_fails = server.max_fails, .fail_timeout = server.fail_timeout, .checks = {}};
  return peer;
}

}  // namespace

std::string Group::slot_name(const config::UpstreamGroup& group,
                             const config::UpstreamServer& server, std::uint32_t occurrence) {
  std::string name =
      group.name + "/" + (server.unix_path.empty() ? server.endpoint.text() : server.unix_path);
  if (occurrence > 0) name += "#" + std::to_string(occurrence);
  return name;
}

std::vector<ipc::PeerSlot*> Group::find_slots(const config::UpstreamGroup& config,
                                              ipc::SharedRegion& region) {
  std::map<std::string, std::uint32_t> occurrences;
  std::vector<ipc::PeerSlot*> slots;
  slots.reserve(config.servers.size());
  for (const auto& server : config.servers) {
    const std::uint32_t occurrence = occurrences[slot_name(config, server, 0)]++;
    slots.push_back(region.peers().find(slot_name(config, server, occurrence)));
    BATON_ASSERT(slots.back());
  }
  return slots;
}

Group::Group(const config::UpstreamGroup& config, ipc::SharedRegion& region, std::uint32_t lane)
    : Group(config, *region.groups().find(config.name), find_slots(config, region), lane) {}

Group::Group(const config::UpstreamGroup& config, ipc::GroupSlot& shared,
             std::span<ipc::PeerSlot* const> slots, std::uint32_t lane)
    : config_(config), shared_(&shared), lane_(lane) {
  BATON_ASSERT(lane < ipc::lanes_max && slots.size() == config.servers.size());
  std::vector<std::uint32_t> weights;
  peers_.reserve(config.servers.size());
  for (const auto& server : config.servers) {
    Peer peer = make_peer(server, static_cast<std::uint32_t>(peers_.size()));
    peer.shared = slots[peer.index];
    if (config.sticky) peer.route = server.route.empty() ? md5_text(peer.name) : server.route;
    if (!peer.down) ++tries_max_;
    if (peer.slow_start > 0s) unit_ = slow_start_unit;
    members_[peer.backup ? 1 : 0].push_back(peer.index);
    peers_.push_back(std::move(peer));
  }
  single_ = peers_.size() == 1 && members_[1].empty();
  if (single_) peers_[0].health.max_fails = 0;
  exact_ = peers_.size() <= exact_peers_max;
  for (const Peer& peer : peers_) {
    weights.push_back(peer.weight * unit_);
    if (peer.route.empty()) continue;
    routes_.try_emplace(peer.route, peer.index);
    if (config.sticky->method == config::Sticky::Method::learn) {
      marks_.try_emplace(route_mark(peer.route), peer.index);
    }
  }
  for (int tier = 0; exact_ && tier < tiers; ++tier) {
    turns_[tier].at_base = SmoothTurns(weights, unit_);
    for (const std::uint32_t other : members_[1 - tier]) turns_[tier].at_base.seat(other, false);
    turns_[tier].at_end = turns_[tier].at_base;
  }
  if (config_.queue_max > 0) line_ = std::make_unique<WaitingLine>(config_.queue_max);
  prepare_balancer();
}

std::uint32_t Group::find_route(std::string_view route) const {
  const auto found = routes_.find(route);
  return found == routes_.end() ? no_peer : found->second;
}

std::uint32_t Group::find_mark(std::uint64_t mark) const {
  const auto found = marks_.find(mark);
  return found == marks_.end() ? no_peer : found->second;
}

bool Group::alive(Instant now) const {
  return std::ranges::any_of(peers_, [&](const Peer& peer) {
    if (peer.down) return false;
    return is_available(*peer.shared, peer.health) ||
           now >= probe_due_at(*peer.shared, peer.health);
  });
}

// Reads only: what take() then has to win may be gone by then.
bool Group::is_eligible(const Peer& peer, Instant now) const {
  const ipc::PeerSlot& slot = *peer.shared;
  if (!peer.in_service()) return false;
  if (!is_available(slot, peer.health) && now < probe_due_at(slot, peer.health)) return false;
  if (is_stalled(slot) && now < stall_probe_due_at(slot)) return false;
  return peer.connections_max == 0 ||
         slot.active_total() < static_cast<std::int32_t>(peer.connections_max);
}

bool Group::admits(const Peer& peer, const Search& search, Instant now) const {
  return !search.tried.contains(peer.index) && is_eligible(peer, now);
}

// One more request for `peer`, if it may have it; the connection is counted then.
Group::Taken Group::take(const Peer& peer, Search& search, Instant now) {
  ipc::PeerSlot& slot = *peer.shared;
  const bool available = is_available(slot, peer.health);
  if (!available && now < probe_due_at(slot, peer.health)) return Taken::no;
  bool probe = false;
  if (!single_) {
    if (is_stalled(slot)) {
      if (now < stall_probe_due_at(slot)) return Taken::no;
      probe = true;
    } else if (is_conspicuous(slot, now) && judge_silence(peers_, peer, now)) {
      search.found_stalled = peer.index;
      eligibility_changed();
      return Taken::no;
    }
  }
  if (!acquire_connection(slot, lane_, peer.connections_max)) return Taken::no;
  const bool claimed = (available || claim_probe(slot, peer.health, now)) &&
                       (!probe || claim_stall_probe(slot, now));
  if (!claimed) {
    slot.active[lane_].fetch_sub(1, relaxed);
    return Taken::no;
  }
  probe = probe || !available;
  if (available) note_pick(slot, peer.health, now);
  const bool full = peer.connections_max != 0 &&
                    slot.active_total() >= static_cast<std::int32_t>(peer.connections_max);
  // A claim moved the time of the next probe: views of before are too eager.
  if (probe || full) eligibility_changed();
  return probe ? Taken::probe : Taken::yes;
}

Result<Pick> Group::pick(CachedView& cached, Search& search, Instant now) {
  Taken taken = Taken::no;
  const Peer* const peer = choose(cached, search, now, taken);
  if (!peer) {
    return std::unexpected(
        Error{ErrorKind::unavailable, Side::upstream, Retry::no, 0, "no live upstreams"});
  }
  peer->shared->requests.fetch_add(1, relaxed);
  peer->shared->last_picked_ns.store(now.time_since_epoch().count(), relaxed);
  return Pick(*this, *peer, taken == Taken::probe, now);
}

void Group::failed(const Peer& peer, bool out) {
  if (peer.health.max_fails == 0) return;
  if (standings_) {
    auto& effective = standings_[peer.index].effective;
    const auto lost = static_cast<std::int64_t>(peer.weight / peer.health.max_fails);
    effective.store(std::max<std::int64_t>(0, effective.load(relaxed) - lost), relaxed);
  }
  if (exact_) {
    const std::lock_guard lock(making_);
    if (lowered_.size() < 2 * exact_peers_max) lowered_.push_back(peer.index);
  }
  if (out || exact_) eligibility_changed();
}

void Group::server_is_back() {
  eligibility_changed();
  if (line_ && !line_->empty()) line_->call_next();
}

// A connection to `peer` ended, when `active_before` of this generation's were counted.
void Group::released(const Peer& peer, std::int32_t active_before) {
  if (line_ && !line_->empty()) line_->call_next();
  if (peer.connections_max == 0) return;
  const std::int32_t others = peer.shared->active_total() - active_before + 1;
  if (others + active_before >= static_cast<std::int32_t>(peer.connections_max)) {
    eligibility_changed();
  }
}

}  // namespace baton::upstream
