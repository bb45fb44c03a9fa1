// The life of a host, and what it learns of the truth.

#include "simulation/node.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace baton::simulation {

Surroundings::Surroundings(const Plan& of, Tally& count)
    : plan(of), tally(count), network(of, agenda, count) {}

void Surroundings::tell(std::string_view line) const {
  if (!chronicle) return;
  *chronicle += fmt::format("{:16.6f}  {}\n", to_seconds(now.time_since_epoch()), line);
}

Host::Host(Surroundings& around, std::size_t index)
    : around_(around),
      index_(index),
      // No two clocks of the world show the same.
      clock_(Instant(std::chrono::seconds(3600 + 7919 * index)), around.plan.drift_ppm[index]) {
  for (std::size_t i = 0; i < around.plan.routers; ++i) {
    routers_.emplace_back(i, around.plan.link_of[i], around.plan.settings[index][i]);
  }
  for (auto& router : routers_) faces_.emplace_back(*this, router);
}

bool Host::stopped() const {
  return std::ranges::all_of(routers_, [](const VirtualRouter& router) {
    return router.instance.state() == vrrp::State::stopped;
  });
}

bool Host::healthy(std::size_t router) const {
  if (!around_.plan.grouped) return routers_[router].truth.healthy();
  return std::ranges::all_of(routers_, [](const auto& one) { return one.truth.healthy(); });
}

int Host::priority(std::size_t router) const {
  const Truth& truth = routers_[router].truth;
  if (truth.settings.priority == vrrp::owner_priority) return vrrp::owner_priority;
  vrrp::Tracker weighted{truth.settings.trackers[tracker_weight], vrrp::Health::up, {}};
  if (truth.down[tracker_weight] > 0) weighted.health = vrrp::Health::down;
  return std::clamp(truth.settings.priority + weighted.contribution(), 1, 254);
}

Instant Host::next_deadline() const {
  if (!running_ || !awake()) return never;
  Instant first = never;
  for (const auto& router : routers_) first = std::min(first, router.deadline);
  if (bfd_) first = std::min(first, clock_.world(bfd_->deadline()));
  if (pair_) first = std::min(first, clock_.world(pair_->deadline()));
  return first;
}

void Host::run_due() {
  const auto first = std::ranges::min_element(routers_, {}, &VirtualRouter::deadline);
  const Instant of_bfd = bfd_ ? clock_.world(bfd_->deadline()) : never;
  const Instant of_pair = pair_ ? clock_.world(pair_->deadline()) : never;
  if (first->deadline <= std::min(of_bfd, of_pair)) {
    handle(*first, vrrp::event::TimerDue{});
  } else if (of_bfd <= of_pair) {
    bfd_->timer();
  } else {
    pair_->timer();
  }
}

std::vector<failover::RouterFace*> Host::faces() {
  std::vector<failover::RouterFace*> all;
  for (Face& face : faces_) all.push_back(&face);
  return all;
}

vrrp::Settings Host::settings_of(const VirtualRouter& router) const {
  vrrp::Settings settings = router.truth.settings;
  if (around_.mutant) around_.mutant->settles(settings);
  return settings;
}

// -- life and death --

void Host::start() {
  running_ = true;
  paused_ = frozen_ = stopping_ = false;
  queued_.clear();
  ++run_;
  last_sequence_ = 0;
  if (around_.plan.grouped) group_.emplace("G");
  for (auto& router : routers_) {
    router.instance = vrrp::Instance(settings_of(router));
    router.sayings.clear();
    router.kernel.clear();  // leftovers are removed at start
    ++router.expiry;
    around_.watcher->changed(router.index);
  }
  if (around_.plan.watch.enabled) {
    bfd_ = std::make_unique<BfdNode>(around_, *this, around_.plan.seed ^ index_ << 32 ^ run_);
  }
  if (around_.plan.paired) pair_ = std::make_unique<PairNode>(around_, *this, run_);
  if (around_.plan.guarded) watch_link(sample_interval);
  for (Face& face : faces_) face.review();
  around_.watcher->started(*this);
  learn();
  tell_all([this](VirtualRouter& router) { handle(router, vrrp::event::Start{}); });
}

void Host::lose_grip() {
  if (pair_) pair_->lose_grip();
  for (auto& router : routers_) {
    if (router.kernel.empty()) continue;
    Item item;
    item.at = around_.now + address_lifetime;
    item.kind = Item::Kind::expiry;
    item.host = static_cast<std::uint8_t>(index_);
    item.router = static_cast<std::uint8_t>(router.index);
    item.number = ++router.expiry;
    around_.agenda.add(item);
  }
}

void Host::crash() {
  running_ = paused_ = frozen_ = stopping_ = false;
  queued_.clear();
  lose_grip();
  bfd_.reset();
  pair_.reset();
  connections_.clear();
  if (around_.pairs) around_.pairs->forget(index_);
  for (const auto& router : routers_) around_.watcher->changed(router.index);
}

void Host::pause() {
  paused_ = true;
  away_since_ = around_.now;
  lose_grip();
}

// Goes on as the real process does: it notices, reads what waits, then looks at its timers.
void Host::resume() {
  paused_ = false;
  // The renewal puts back what the kernel has dropped, unless it is given up at once.
  for (auto& router : routers_) {
    ++router.expiry;
    if (router.instance.holds_addresses()) router.kernel = router.instance.settings().addresses;
  }
  if (pair_) pair_->renew();
  const Duration away = clock_.local(around_.now) - clock_.local(away_since_);
  tell_sleep(away);
  if (bfd_) bfd_->resume(away >= sleep_shortest);
  for (const auto& router : routers_) around_.watcher->changed(router.index);
  learn();
  while (!queued_.empty()) {
    const auto [router, wire] = queued_.front();
    queued_.pop_front();
    if (wire) {
      hear(router, *wire);
    } else {
      claim(router);
    }
  }
}

void Host::tell_sleep(Duration length) {
  if (length < sleep_shortest) return;
  tell_all([&](VirtualRouter& router) {
    const bool insisted =
        router.instance.state() == vrrp::State::master && !router.instance.is_yielding();
    handle(router, vrrp::event::Slept{length});
    if (insisted) around_.watcher->woke(*this, router, length);
  });
}

// The kernel stands still as well: no address runs out, no packet is kept.
void Host::freeze() {
  frozen_ = true;
  away_since_ = around_.now;
  for (const auto& router : routers_) around_.watcher->changed(router.index);
}

void Host::thaw() {
  frozen_ = false;
  clock_.leap(around_.now, away_since_ - around_.now);
  for (auto& router : routers_) {
    router.deadline = clock_.world(router.instance.deadline());
    around_.watcher->changed(router.index);
  }
  learn();
}

void Host::leap(Duration step) {
  clock_.leap(around_.now, step);
  for (auto& router : routers_) router.deadline = clock_.world(router.instance.deadline());
  tell_sleep(step);
  if (bfd_ && step >= sleep_shortest) bfd_->slept();
}

void Host::stop(bool yield) {
  stopping_ = true;
  // As in failover/node_handover.cc.
  std::vector<failover::RouterFace*> masters;
  for (Face& face : faces_) {
    const auto& instance = face.instance();
    if (instance.state() != vrrp::State::master || instance.is_yielding()) continue;
    masters.push_back(&face);
  }
  const bool gives = yield && pair_ && pair_->handovers().give_at_stop(masters);
  tell_all([&](VirtualRouter& router) {
    if (gives && std::ranges::find(masters, &faces_[router.index]) != masters.end()) return;
    handle(router, vrrp::event::Stop{yield});
  });
}

// As an operator without names means it: all that this node is master of.
bool Host::pass_by_desk(const std::string& to, std::uint64_t ticket) {
  std::vector<failover::RouterFace*> masters;
  for (Face& face : faces_) {
    const auto& instance = face.instance();
    if (instance.state() == vrrp::State::master && !instance.is_yielding()) {
      masters.push_back(&face);
    }
  }
  if (masters.empty() || (group_ && masters.size() != faces_.size())) return false;
  pair_->handovers().pass(masters, to, ticket);
  return true;
}

void Host::tell(const std::vector<failover::RouterFace*>& routers, const vrrp::Event& event) {
  ++untold_;
  for (failover::RouterFace* face : routers) face->obey(event);
  --untold_;
  review_group();
}

void Host::pass(bool successor_told) {
  tell_all([&](VirtualRouter& router) { handle(router, vrrp::event::Pass{successor_told}); });
}

void Host::take_over(const std::string& from) {
  if (!takes_part()) return;
  tell_all([&](VirtualRouter& router) { handle(router, vrrp::event::TakeOver{from}); });
}

void Host::watch_master(std::size_t router, const net::IpAddress& master, Duration stagger) {
  handle(routers_[router], vrrp::event::MasterWatched{master, stagger});
}

bool Host::lose_master(std::size_t router, const net::IpAddress& master) {
  VirtualRouter& one = routers_[router];
  const Instant before = one.instance.deadline();
  handle(one, vrrp::event::MasterLost{master, around_.plan.detection});
  return one.instance.deadline() != before;
}

void Host::learn() {
  if (!running_ || !awake()) return;
  tell_all([this](VirtualRouter& router) {
    if (vrrp::Settings wanted = settings_of(router); router.instance.settings() != wanted) {
      router.sayings.clear();
      handle(router, vrrp::event::Reconfigured{std::move(wanted)});
      faces_[router.index].review();
    }
    std::optional<net::IpAddress> source;
    if (router.truth.sourceless == 0) source = around_.plan.address_of(index_, router.link);
    if (router.instance.source() != source) handle(router, vrrp::event::SourceChanged{source});
    for (std::size_t i = 0; i < tracker_count; ++i) {
      const auto health = router.truth.down[i] == 0 ? vrrp::Health::up : vrrp::Health::down;
      if (router.instance.trackers()[i].health == health) continue;
      handle(router, vrrp::event::TrackerReported{i, health, ""});
    }
  });
}

void Host::reload() {
  if (!running_ || !awake()) return;
  tell_all([this](VirtualRouter& router) {
    router.sayings.clear();
    handle(router, vrrp::event::Reconfigured{settings_of(router)});
  });
}

}  // namespace baton::simulation
