// Views and plans: bringing the round robin's state up to the shared counter, and running ahead of
// it again. Everything here happens under the group's lock and only when something has changed or a
// plan is used up.

#include <algorithm>
#include <utility>

#include "upstream/group.h"
#include "upstream/round_robin.h"
#include "upstream/stall_guard.h"

namespace baton::upstream {

namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t plan_first = 32;  // picks planned at once, then twice as many each time
constexpr std::size_t plan_most = 4096;
// Steps that are made up for when a generation or a long idle group has fallen behind.
constexpr std::uint64_t steps_made_up_max = 1 << 16;

// A big group's view costs time, so it is made at most once in a microsecond per server. Until then
// a server that went out is skipped one by one.
Duration least_age(std::size_t peers) {
  return std::chrono::microseconds(peers) - 512us;
}

}  // namespace

bool Group::fits(const View& view, Instant now) const {
  const bool recent = !exact_ && now < view.made_at + least_age(peers_.size());
  return view.serial == serial_.load(std::memory_order_acquire) &&
         ((view.version == shared_->version.load(std::memory_order_acquire) &&
           now < view.stale_at) ||
          recent);
}

// Leaves the thread with a view that fits.
void Group::refresh(CachedView& cached, Instant now) {
  if (cached.view && fits(*cached.view, now)) [[likely]]
    return;
  const Making lock(making_);
  if (!view_ || !fits(*view_, now)) make_view(lock, now);
  cached.view = view_;
}

void Group::publish(const Making&, std::shared_ptr<View> view) {
  view->serial = serial_.load(relaxed) + 1;
  view_ = std::move(view);
  serial_.store(view_->serial, std::memory_order_release);
}

void Group::make_view(const Making& lock, Instant now) {
  auto view = std::make_shared<View>();
  // Read before the slots: a change after this makes a new view necessary, never a lost one.
  view->version = shared_->version.load(std::memory_order_acquire);
  view->made_at = now;
  if (exact_) {
    for (int tier = 0; tier < tiers; ++tier) bring_up(lock, tier);
  }
  const auto change_at = [&](Instant instant) {
    if (instant > now) view->stale_at = std::min(view->stale_at, instant);
  };
  for (const Peer& peer : peers_) {
    const ipc::PeerSlot& slot = *peer.shared;
    if (!peer.in_service()) {
      if (exact_) turns_[peer.backup].at_base.seat(peer.index, false);
      continue;
    }
    if (!is_available(slot, peer.health)) change_at(probe_due_at(slot, peer.health));
    if (is_stalled(slot)) change_at(stall_probe_due_at(slot));
    const std::uint32_t weight = weight_now(peer, now);
    if (weight < peer.weight * unit_) change_at(now + peer.slow_start / unit_);
    if (!exact_) continue;
    SmoothTurns& turns = turns_[peer.backup].at_base;
    turns.seat(peer.index, is_eligible(peer, now));
    turns.set_weight(peer.index, weight);
  }
  for (const std::uint32_t peer : std::exchange(lowered_, {})) {
    turns_[peers_[peer].backup].at_base.lower(peer, peers_[peer].health.max_fails);
  }
  for (int tier = 0; tier < tiers; ++tier) {
    view->plans[tier] = exact_ ? exact_plan(lock, tier) : cycle_plan(tier, now);
  }
  publish(lock, std::move(view));
}

std::uint32_t Group::weight_now(const Peer& peer, Instant now) const {
  const std::uint32_t full = peer.weight * unit_;
  if (peer.slow_start == 0s) return full;
  const std::int64_t recovered_ns = peer.shared->recovered_ns.load(relaxed);
  if (recovered_ns == 0) return full;
  const Duration passed = now - Instant(Duration(recovered_ns));
  if (passed >= peer.slow_start) return full;
  const double share = std::max(0.0, to_seconds(passed) / to_seconds(peer.slow_start));
  return std::max(1u, static_cast<std::uint32_t>(share * full));
}

// at_base becomes the state at the present position of the counter.
void Group::bring_up(const Making&, int tier) {
  Turns& turns = turns_[tier];
  const std::uint64_t position = shared_->positions[tier].load(relaxed);
  if (!view_) {
    // A new generation goes on in the cycle where the one before was.
    const std::uint64_t period = turns.at_base.period();
    const std::uint64_t steps = period == 0 ? 0 : position % period;
    for (std::uint64_t i = 0; i < std::min(steps, steps_made_up_max); ++i) turns.at_base.step();
    return;
  }
  const Plan& plan = *view_->plans[tier];
  const std::size_t size = plan.picks.size();
  std::uint64_t steps = std::max(position, plan.base) - plan.base;
  if (plan.cycle) steps %= size;
  if (steps >= size) {
    if (size > 0) turns.at_base = turns.at_end;
    return;
  }
  turns.at_base.advance(std::span(plan.picks).first(steps));
}

// An empty plan that begins at the counter: the first pick fills it.
std::shared_ptr<const Plan> Group::exact_plan(const Making&, int tier) {
  auto plan = std::make_shared<Plan>();
  plan->base = shared_->positions[tier].load(relaxed);
  plan->nobody = turns_[tier].at_base.empty();
  turns_[tier].at_end = turns_[tier].at_base;
  return plan;
}

std::shared_ptr<const Plan> Group::cycle_plan(int tier, Instant now) const {
  auto plan = std::make_shared<Plan>();
  std::vector<std::uint32_t> weights(peers_.size());
  for (const std::uint32_t peer : members_[tier]) {
    if (is_eligible(peers_[peer], now)) weights[peer] = weight_now(peers_[peer], now);
  }
  plan->picks = smooth_cycle(weights);
  plan->nobody = plan->picks.empty();
  plan->cycle = !plan->nobody;
  return plan;
}

// The plan after the present one; it reaches `position` unless that is far away.
void Group::extend_plan(const Making& lock, int tier, std::uint64_t position) {
  const Plan& before = *view_->plans[tier];
  Turns& turns = turns_[tier];
  auto plan = std::make_shared<Plan>();
  turns.at_base = turns.at_end;
  plan->base = before.base + before.picks.size();
  if (position - plan->base > steps_made_up_max) plan->base = position;
  for (; plan->base < position; ++plan->base) turns.at_base.step();
  turns.at_end = turns.at_base;
  const bool settled = turns.at_base.settled();
  const std::uint64_t period = turns.at_base.period();
  std::uint64_t count = std::clamp(before.picks.size() * 2, plan_first, plan_most);
  if (period <= count) count = period;
  if (!settled) count = 1;
  plan->picks.reserve(count);
  while (plan->picks.size() < count) plan->picks.push_back(turns.at_end.step());
  plan->cycle = settled && count == period && turns.at_end == turns.at_base;
  auto view = std::make_shared<View>(*view_);
  view->plans[tier] = std::move(plan);
  publish(lock, std::move(view));
}

// The pick for a position that the thread's plan does not hold; no_peer when it has passed.
std::uint32_t Group::beyond_plan(CachedView& cached, int tier, std::uint64_t position,
                                 Instant now) {
  const Making lock(making_);
  if (!fits(*view_, now)) return no_peer;
  const auto planned = [&](std::uint64_t& offset) {
    const Plan& plan = *view_->plans[tier];
    if (position < plan.base) return false;
    offset = position - plan.base;
    if (plan.cycle) offset %= plan.picks.size();
    return offset < plan.picks.size();
  };
  std::uint64_t offset = 0;
  if (!planned(offset)) {
    const Plan& plan = *view_->plans[tier];
    if (plan.nobody || position < plan.base) return no_peer;
    extend_plan(lock, tier, position);
    if (!planned(offset)) return no_peer;
  }
  cached.view = view_;
  return view_->plans[tier]->picks[offset];
}

const Peer* Group::in_turn(CachedView& cached, int tier, Search& search, Instant now,
                           Taken& taken) {
  refresh(cached, now);
  const std::shared_ptr<const Plan>& shared_plan = cached.view->plans[tier];
  const Plan& plan = *shared_plan;
  if (plan.nobody) return nullptr;
  if (!exact_) return along_cycle(plan, tier, search, now, taken);
  if (search.tried.empty()) {
    const std::uint64_t position = shared_->positions[tier].fetch_add(1, relaxed);
    std::uint64_t offset = position - plan.base;
    if (plan.cycle) offset %= plan.picks.size();
    const std::uint32_t peer =
        offset < plan.picks.size() ? plan.picks[offset] : beyond_plan(cached, tier, position, now);
    if (peer != no_peer) {
      taken = take(peers_[peer], search, now);
      if (taken != Taken::no) return &peers_[peer];
    }
  }
  return out_of_turn(cached, tier, search, now, taken);
}

// A step that leaves servers out (a retry; somebody else took the last place): made on the state
// itself.
const Peer* Group::out_of_turn(CachedView& cached, int tier, Search& search, Instant now,
                               Taken& taken) {
  const Making lock(making_);
  if (!view_ || !fits(*view_, now)) make_view(lock, now);
  bring_up(lock, tier);
  Tried refused;
  const Peer* picked = nullptr;
  for (std::size_t tries = 0; !picked && tries < peers_.size(); ++tries) {
    const std::uint32_t peer = turns_[tier].at_base.step([&](std::uint32_t each) {
      return refused.contains(each) || !admits(peers_[each], search, now);
    });
    if (peer == no_peer) break;
    taken = take(peers_[peer], search, now);
    if (taken == Taken::no) {
      refused.add(peer);
    } else {
      picked = &peers_[peer];
    }
  }
  auto view = std::make_shared<View>(*view_);
  view->plans[tier] = exact_plan(lock, tier);
  publish(lock, std::move(view));
  cached.view = view_;
  return picked;
}

// A large group: from the turn on to the first that may be taken.
const Peer* Group::along_cycle(const Plan& plan, int tier, Search& search, Instant now,
                               Taken& taken) {
  // A retry takes nobody's turn, so that the others still alternate; its own counter spreads it.
  const std::uint64_t position =
      search.tried.empty()
          ? shared_->positions[tier].fetch_add(1, relaxed)
          : shared_->positions[tier].load(relaxed) + retries_.fetch_add(1, relaxed);
  std::size_t step = position % plan.picks.size();
  for (std::size_t passed = 0; passed < plan.picks.size(); ++passed) {
    const Peer& peer = peers_[plan.picks[step]];
    if (!search.tried.contains(peer.index)) {
      taken = take(peer, search, now);
      if (taken != Taken::no) return &peer;
    }
    if (++step == plan.picks.size()) step = 0;
  }
  return nullptr;
}

}  // namespace baton::upstream
