// Picking a server: the view of who is eligible, the turn, probes, and how a pick ends.

#include "upstream/group.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/assert.h"
#include "upstream/round_robin.h"

namespace baton::upstream {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr int tiers = 2;

// A big group's view costs time, so it is made at most once in a microsecond per step of its
// cycle (0.1 s for 100,000 servers). Until then a server that went out is skipped one by one.
Duration least_age(const View& view) {
  return std::chrono::microseconds(view.cycle[0].size() + view.cycle[1].size()) - 100us;
}

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
  peer.health = {server.max_fails, server.fail_timeout};
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
  peers_.reserve(config.servers.size());
  bool has_backup = false;
  for (const auto& server : config.servers) {
    Peer peer = make_peer(server, static_cast<std::uint32_t>(peers_.size()));
    peer.shared = slots[peer.index];
    if (!peer.down) ++tries_max_;
    has_backup |= peer.backup;
    peers_.push_back(std::move(peer));
  }
  single_ = peers_.size() == 1 && !has_backup;
  if (single_) peers_[0].health.max_fails = 0;
}

bool Group::alive(Instant now) const {
  return std::ranges::any_of(peers_, [&](const Peer& peer) {
    if (peer.down) return false;
    return is_available(*peer.shared, peer.health) ||
           now >= probe_due_at(*peer.shared, peer.health);
  });
}

std::shared_ptr<const View> Group::make_view(Instant now) const {
  auto view = std::make_shared<View>();
  // Read before the slots: a change after this makes a new view necessary, never a lost one.
  view->version = shared_->version.load(std::memory_order_acquire);
  view->made_at = now;
  std::vector<std::uint32_t> weights[tiers];
  for (auto& each : weights) each.resize(peers_.size());
  for (const Peer& peer : peers_) {
    const int tier = peer.backup ? 1 : 0;
    if (peer.down) continue;
    if (is_available(*peer.shared, peer.health)) {
      weights[tier][peer.index] = peer.weight;
      continue;
    }
    view->waiting[tier].push_back(peer.index);
    view->probe_at = std::min(view->probe_at, probe_due_at(*peer.shared, peer.health));
  }
  for (int tier = 0; tier < tiers; ++tier) view->cycle[tier] = smooth_cycle(weights[tier]);
  return view;
}

const View& Group::current_view(CachedView& cached, Instant now) {
  const std::uint64_t version = shared_->version.load(std::memory_order_acquire);
  const auto fits = [&](const View& view) {
    return (view.version == version || now < view.made_at + least_age(view)) &&
           view.serial == serial_.load(std::memory_order_acquire);
  };
  if (cached.view && fits(*cached.view)) [[likely]]
    return *cached.view;
  const std::lock_guard lock(making_);
  if (!view_ || !fits(*view_)) {
    auto made = std::const_pointer_cast<View>(make_view(now));
    made->serial = serial_.load(relaxed) + 1;
    view_ = std::move(made);
    serial_.store(view_->serial, std::memory_order_release);
  }
  cached.view = view_;
  return *cached.view;
}

const Peer* Group::pick_in_turn(const View& view, int tier, const Tried& tried, Instant now) {
  const auto& cycle = view.cycle[tier];
  if (cycle.empty()) return nullptr;
  // A retry takes nobody's turn, so that the others still alternate; its own counter spreads it.
  const std::uint64_t position =
      tried.empty() ? shared_->positions[tier].fetch_add(1, relaxed)
                    : shared_->positions[tier].load(relaxed) + retries_.fetch_add(1, relaxed);
  std::size_t step = position % cycle.size();
  for (std::size_t passed = 0; passed < cycle.size(); ++passed) {
    const Peer& peer = peers_[cycle[step]];
    ipc::PeerSlot& slot = *peer.shared;
    if (!tried.contains(peer.index) && is_available(slot, peer.health) &&
        acquire_connection(slot, lane_, peer.connections_max)) {
      note_pick(slot, peer.health, now);
      return &peer;
    }
    // Another generation with other limits may have seen it fail: this view has to know as well.
    if (view.version == shared_->version.load(relaxed) && !is_available(slot, peer.health)) {
      eligibility_changed();
    }
    if (++step == cycle.size()) step = 0;
  }
  return nullptr;
}

const Peer* Group::pick_probe(const View& view, int tier, const Tried& tried, Instant now) {
  for (const std::uint32_t index : view.waiting[tier]) {
    const Peer& peer = peers_[index];
    ipc::PeerSlot& slot = *peer.shared;
    if (tried.contains(index) || is_available(slot, peer.health)) continue;
    if (now < probe_due_at(slot, peer.health)) continue;
    if (!acquire_connection(slot, lane_, peer.connections_max)) continue;
    if (claim_probe(slot, peer.health, now)) return &peer;
    slot.active[lane_].fetch_sub(1, relaxed);
  }
  return nullptr;
}

Result<Pick> Group::pick(CachedView& cached, const Tried& tried, Instant now) {
  const View& view = current_view(cached, now);
  for (int tier = 0; tier < tiers; ++tier) {
    const Peer* probe = now >= view.probe_at ? pick_probe(view, tier, tried, now) : nullptr;
    // The claim moved the time of the next probe: views of before are too eager.
    if (probe) eligibility_changed();
    const Peer* peer = probe ? probe : pick_in_turn(view, tier, tried, now);
    if (!peer) continue;
    peer->shared->requests.fetch_add(1, relaxed);
    peer->shared->last_picked_ns.store(now.time_since_epoch().count(), relaxed);
    return Pick(*this, *peer, probe != nullptr, now);
  }
  return std::unexpected(
      Error{ErrorKind::unavailable, Side::upstream, Retry::no, 0, "no live upstreams"});
}

Pick::Pick(Pick&& other) noexcept
    : group_(std::exchange(other.group_, nullptr)),
      peer_(other.peer_),
      probe_(other.probe_),
      picked_at_(other.picked_at_) {}

Pick& Pick::operator=(Pick&& other) noexcept {
  std::swap(group_, other.group_);
  std::swap(peer_, other.peer_);
  std::swap(probe_, other.probe_);
  std::swap(picked_at_, other.picked_at_);
  return *this;
}

bool Pick::end() {
  if (!group_) return false;
  peer_->shared->active[group_->lane_].fetch_sub(1, relaxed);
  return true;
}

bool Pick::succeed() {
  if (!end()) return false;
  Group& group = *std::exchange(group_, nullptr);
  const bool back = record_success(*peer_->shared, peer_->health);
  if (back) group.eligibility_changed();
  return back;
}

bool Pick::fail(Instant now) {
  if (!end()) return false;
  Group& group = *std::exchange(group_, nullptr);
  const bool out = record_failure(*peer_->shared, peer_->health, now);
  if (out) group.eligibility_changed();
  return out;
}

void Pick::abandon() {
  if (!end()) return;
  Group& group = *std::exchange(group_, nullptr);
  if (!probe_) return;
  give_back_probe(*peer_->shared, peer_->health, picked_at_);
  group.eligibility_changed();
}

void Pick::count_response(int status, Duration header_time, Duration response_time) {
  const int status_class = std::clamp(status / 100, 1, 5);
  peer_->shared->responses[status_class - 1].fetch_add(1, relaxed);
  peer_->shared->header_time_ns.fetch_add(static_cast<std::uint64_t>(header_time.count()), relaxed);
  peer_->shared->response_time_ns.fetch_add(static_cast<std::uint64_t>(response_time.count()),
                                            relaxed);
}

void Pick::count_bytes(std::uint64_t sent, std::uint64_t received) {
  peer_->shared->bytes_sent.fetch_add(sent, relaxed);
  peer_->shared->bytes_received.fetch_add(received, relaxed);
}

}  // namespace baton::upstream
