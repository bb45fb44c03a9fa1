// From instances to sessions and back.

#include "failover/master_watch.h"

#include <algorithm>
#include <utility>

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

void MasterWatch::use(const std::vector<RouterFace*>& routers) {
  const auto earlier = std::exchange(seen_, {});
  const auto earlier_index = std::exchange(index_, {});
  for (RouterFace* router : routers) {
    index_[router] = seen_.size();
    seen_.emplace_back().router = router;
  }
  for (RouterFace* router : routers) {
    const auto known = earlier_index.find(router);
    if (known == earlier_index.end() || !earlier[known->second].told) continue;
    router->obey(vrrp::event::MasterWatched{earlier[known->second].path->remote, 0s});
  }
}

bool MasterWatch::is_news(const RouterFace& router) const {
  const auto found = index_.find(&router);
  if (found == index_.end()) return false;
  const Seen& seen = seen_[found->second];
  const vrrp::Instance& instance = router.instance();
  return seen.state != instance.state() || seen.master != instance.master() ||
         seen.source != instance.source();
}

MasterWatch::Wanted MasterWatch::review(const FindPlace& place_of) {
  Wanted wanted;
  for (Seen& seen : seen_) {
    const Place place = place_of(*seen.router);
    review_router(seen, place);
    const auto settings = to_settings(place.wish);
    if (seen.path) add_wish(wanted.wishes, {*seen.path, settings});
    if (seen.state != vrrp::State::master || !place.wish.enabled || !seen.source) continue;
    if (place.link == 0) continue;
    bfd::AnswerRule rule{place.link, *seen.source, {}, settings};
    for (const auto& peer : seen.router->instance().settings().peers) {
      rule.neighbors.push_back(peer.address);
    }
    add_rule(wanted.rules, std::move(rule));
  }
  return wanted;
}

void MasterWatch::review_router(Seen& seen, const Place& place) {
  const vrrp::Instance& instance = seen.router->instance();
  const auto earlier = std::exchange(seen.path, std::nullopt);
  seen.state = instance.state();
  seen.master = instance.master();
  seen.source = instance.source();
  const bool follows = seen.state == vrrp::State::backup && seen.master && seen.source &&
                       seen.master != seen.source && place.link != 0 && place.wish.enabled;
  if (follows) {
    seen.path.emplace();
    seen.path->link = place.link;
    seen.path->local = *seen.source;
    seen.path->remote = *seen.master;
  }
  if (seen.path != earlier && std::exchange(seen.told, false)) {
    seen.router->obey(vrrp::event::MasterWatched{earlier->remote, 0s});
  }
}

void MasterWatch::tell_watched(const bfd::SessionTable& table) {
  for (Seen& seen : seen_) tell_watched(seen, table);
}

void MasterWatch::tell_watched(Seen& seen, const bfd::SessionTable& table) {
  const auto* entry = seen.path ? table.find_following(*seen.path) : nullptr;
  if (!entry || entry->session.state() != bfd::State::up) return;
  if (std::exchange(seen.told, true)) return;
  const Duration stagger = std::clamp<Duration>(2 * entry->session.receive_interval(),
                                                stagger_shortest, stagger_longest);
  seen.router->obey(vrrp::event::MasterWatched{seen.path->remote, stagger});
}

void MasterWatch::on_session(const bfd::SessionTable& table, const bfd::TableEntry& entry,
                             const bfd::action::SessionChanged& change) {
  if (!entry.following) return;
  if (change.to == bfd::State::up) {
    tell_watched(table);
    return;
  }
  if (change.from != bfd::State::up) return;
  if (change.cause == bfd::Cause::detection_time) tell_lost(table, entry);
  for (Seen& seen : seen_) {
    if (!seen.told || table.find_following(*seen.path) != &entry) continue;
    seen.told = false;
    seen.router->obey(vrrp::event::MasterWatched{seen.path->remote, 0s});
  }
}

void MasterWatch::tell_lost(const bfd::SessionTable& table, const bfd::TableEntry& entry) {
  const Duration silence = entry.session.settings().multiplier * entry.session.receive_interval();
  for (Seen& seen : seen_) {
    if (!seen.told || table.find_following(*seen.path) != &entry) continue;
    seen.router->obey(vrrp::event::MasterLost{seen.path->remote, silence});
  }
}

}  // namespace baton::failover
