// From instances to sessions and back.

#include "failover/fast_detection.h"

#include <algorithm>

namespace baton::failover {

namespace {

// A master sends as often as its backups ask for, down to this.
constexpr Duration answer_interval_min = 10ms;

bfd::SessionSettings to_settings(const config::FastFailover& wish) {
  bfd::SessionSettings settings;
  settings.min_tx = std::min(wish.interval, answer_interval_min);
  settings.min_rx = wish.interval;
  settings.multiplier = wish.multiplier;
  return settings;
}

bfd::ConfiguredSession to_session(const config::BfdInstance& instance) {
  bfd::ConfiguredSession session;
  session.path.local = instance.source.value_or(net::IpAddress::any(instance.neighbor.family()));
  session.path.remote = instance.neighbor;
  session.path.multihop = instance.multihop;
  session.path.hop_limit = instance.hop_limit;
  session.path.hops_max = instance.hops_max;
  session.settings.min_tx = instance.min_tx;
  session.settings.min_rx = instance.min_rx;
  session.settings.idle_tx = instance.idle_tx;
  session.settings.multiplier = instance.multiplier;
  session.settings.passive = instance.passive;
  return session;
}

// The faster of two wishes for the same neighbor.
void add_wish(std::vector<bfd::FollowWish>& wishes, bfd::FollowWish wish) {
  const auto known = std::ranges::find(wishes, wish.path, &bfd::FollowWish::path);
  if (known == wishes.end()) {
    wishes.push_back(std::move(wish));
  } else if (wish.settings.min_rx < known->settings.min_rx) {
    known->settings = wish.settings;
  }
}

void add_rule(std::vector<bfd::AnswerRule>& rules, bfd::AnswerRule rule) {
  if (std::ranges::find(rules, rule) == rules.end()) rules.push_back(std::move(rule));
}

}  // namespace

FastDetection::FastDetection(runtime::Loop& loop, Log& log, LinkTable& links, std::uint64_t seed,
                             Report report)
    : loop_(loop),
      log_(log),
      links_(links),
      sessions_(loop, log, *this, seed),
      report_(std::move(report)),
      timer_(loop, [this] { review(); }) {}

void FastDetection::use(const config::Failover& config,
                        const std::vector<std::unique_ptr<Router>>& routers) {
  if (closed_) return;
  config_ = &config;
  // Everybody is told anew: what stands at an address may be another router now.
  const auto earlier = std::exchange(seen_, {});
  for (const auto& router : routers) {
    seen_[router.get()].router = router.get();
    const auto known = earlier.find(router.get());
    if (known == earlier.end() || !known->second.told) continue;
    router->obey(vrrp::event::MasterWatched{known->second.path->remote, 0s});
  }
  std::vector<bfd::ConfiguredSession> wanted;
  wanted.reserve(config.bfd_instances.size());
  for (const auto& instance : config.bfd_instances) wanted.push_back(to_session(instance));
  sessions_.configure(wanted);
  timer_.arm(loop_.now());
}

void FastDetection::note(const Router& router) {
  const auto found = seen_.find(&router);
  if (found == seen_.end()) return;
  const Seen& seen = found->second;
  const vrrp::Instance& instance = router.instance();
  if (seen.state == instance.state() && seen.master == instance.master() &&
      seen.source == instance.source()) {
    return;
  }
  if (!timer_.armed()) timer_.arm(loop_.now());
}

void FastDetection::review() {
  if (closed_) return;
  std::vector<bfd::FollowWish> wishes;
  std::vector<bfd::AnswerRule> rules;
  for (auto& [router, seen] : seen_) {
    review_router(seen);
    const auto settings = to_settings(wish_of(*router));
    if (seen.path) add_wish(wishes, {*seen.path, settings});
    if (seen.state != vrrp::State::master || !wish_of(*router).enabled || !seen.source) continue;
    const linux::Link* link = links_.find(router->plan().identity.interface);
    if (!link) continue;
    bfd::AnswerRule rule{link->index, *seen.source, {}, settings};
    for (const auto& peer : router->plan().settings.peers) rule.neighbors.push_back(peer.address);
    add_rule(rules, std::move(rule));
  }
  sessions_.watch(wishes, std::move(rules));
  for (auto& [router, seen] : seen_) tell_watched(seen);
}

void FastDetection::review_router(Seen& seen) {
  const vrrp::Instance& instance = seen.router->instance();
  const auto earlier = std::exchange(seen.path, std::nullopt);
  seen.state = instance.state();
  seen.master = instance.master();
  seen.source = instance.source();
  const linux::Link* link = links_.find(seen.router->plan().identity.interface);
  const bool follows = seen.state == vrrp::State::backup && seen.master && seen.source &&
                       seen.master != seen.source && link && wish_of(*seen.router).enabled;
  if (follows) {
    seen.path.emplace();
    seen.path->link = link->index;
    seen.path->local = *seen.source;
    seen.path->remote = *seen.master;
  }
  if (seen.path != earlier && std::exchange(seen.told, false)) {
    seen.router->obey(vrrp::event::MasterWatched{earlier->remote, 0s});
  }
}

// A session that was up before this router needed it is no news to the table.
void FastDetection::tell_watched(Seen& seen) {
  const auto* entry = seen.path ? table().find_following(*seen.path) : nullptr;
  if (!entry || entry->session.state() != bfd::State::up) return;
  if (std::exchange(seen.told, true)) return;
  const Duration stagger = std::clamp<Duration>(2 * entry->session.receive_interval(),
                                                stagger_shortest, stagger_longest);
  seen.router->obey(vrrp::event::MasterWatched{seen.path->remote, stagger});
}

void FastDetection::on_session(const bfd::TableEntry& entry,
                               const bfd::action::SessionChanged& change) {
  if (change.from == bfd::State::up || change.to == bfd::State::up) {
    log_.print(LogLevel::info, "BFD session with {} is {} ({})", entry.path.remote.text(),
               bfd::name_of(change.to), bfd::describe(change.cause));
  }
  if (entry.configured) report(entry, change);
  if (!entry.following) return;
  if (change.to == bfd::State::up) {
    for (auto& [router, seen] : seen_) tell_watched(seen);
  } else if (change.from == bfd::State::up) {
    if (change.cause == bfd::Cause::detection_time) tell_lost(entry);
    for (auto& [router, seen] : seen_) {
      if (!seen.told || table().find_following(*seen.path) != &entry) continue;
      seen.told = false;
      seen.router->obey(vrrp::event::MasterWatched{seen.path->remote, 0s});
    }
  }
}

void FastDetection::tell_lost(const bfd::TableEntry& entry) {
  const Duration silence = entry.session.settings().multiplier * entry.session.receive_interval();
  for (auto& [router, seen] : seen_) {
    if (!seen.told || table().find_following(*seen.path) != &entry) continue;
    seen.router->obey(vrrp::event::MasterLost{seen.path->remote, silence});
  }
}

void FastDetection::report(const bfd::TableEntry& entry,
                           const bfd::action::SessionChanged& change) {
  if (change.from != bfd::State::up && change.to != bfd::State::up) return;
  const bool up = change.to == bfd::State::up;
  report_(static_cast<std::uint32_t>(*entry.configured), up ? vrrp::Health::up : vrrp::Health::down,
          up ? "" : bfd::describe(change.cause));
}

vrrp::Health FastDetection::health(std::uint32_t index) const {
  for (const auto& entry : table().entries()) {
    if (entry.configured == index && entry.session.state() == bfd::State::up) {
      return vrrp::Health::up;
    }
  }
  return vrrp::Health::down;
}

const config::FastFailover& FastDetection::wish_of(const Router& router) const {
  const auto& instance = config_->instances[router.index()];
  return instance.fast_failover ? *instance.fast_failover : config_->fast_failover;
}

void FastDetection::close() {
  closed_ = true;
  timer_.cancel();
  sessions_.close();
}

}  // namespace baton::failover
