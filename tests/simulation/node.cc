// What a host does with events and actions.

#include "simulation/node.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace baton::simulation {

namespace {

constexpr std::size_t queued_max = 64;
constexpr std::size_t heard_max = 16;
constexpr std::uint8_t to_all = 0xff;

}  // namespace

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
  return first;
}

std::size_t Host::first_due() const {
  return static_cast<std::size_t>(std::ranges::min_element(routers_, {}, &VirtualRouter::deadline) -
                                  routers_.begin());
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
  if (around_.plan.grouped) group_.emplace("G");
  for (auto& router : routers_) {
    router.instance = vrrp::Instance(settings_of(router));
    router.sayings.clear();
    router.kernel.clear();  // leftovers are removed at start
    ++router.expiry;
    around_.watcher->changed(router.index);
  }
  around_.watcher->started(*this);
  learn();
  tell_all([this](VirtualRouter& router) { handle(router, vrrp::event::Start{}); });
}

void Host::lose_grip() {
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
  const Instant since = clock_.local(away_since_);
  tell_sleep(clock_.local(around_.now) - since);
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
}

void Host::stop(bool yield) {
  stopping_ = true;
  tell_all([&](VirtualRouter& router) { handle(router, vrrp::event::Stop{yield}); });
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

// -- events --

void Host::hear(std::size_t router, const Wire& wire) {
  if (!running_ || frozen_) return;
  if (paused_) {
    if (queued_.size() < queued_max) queued_.emplace_back(router, &wire);
    return;
  }
  ++around_.tally.deliveries;
  handle(routers_[router], vrrp::event::AdvertReceived{&wire.parsed});
}

void Host::hear_parsed(std::size_t router, const vrrp::ParsedAdvert& parsed) {
  handle(routers_[router], vrrp::event::AdvertReceived{&parsed});
}

void Host::timer(std::size_t router) {
  handle(routers_[router], vrrp::event::TimerDue{});
}

void Host::claim(std::size_t router) {
  if (!running_ || frozen_) return;
  if (paused_) {
    if (queued_.size() < queued_max) queued_.emplace_back(router, nullptr);
    return;
  }
  ++around_.tally.claims;
  const auto& settings = routers_[router].instance.settings();
  handle(routers_[router], vrrp::event::AddressClaimed{settings.addresses.at(0), {}});
}

void Host::expire(std::size_t router, std::uint32_t generation) {
  VirtualRouter& one = routers_[router];
  if (one.expiry != generation || one.kernel.empty()) return;
  if (frozen_) return lose_grip();
  ++around_.tally.expiries;
  one.kernel.clear();
  around_.watcher->changed(router);
}

void Host::handle(VirtualRouter& router, const vrrp::Event& event) {
  ++around_.tally.decisions;
  const Instant local = clock_.local(around_.now);
  vrrp::Actions actions;
  if (around_.mutant) {
    vrrp::Event changed = event;
    if (around_.mutant->lets(router.instance, changed)) {
      actions = router.instance.handle(changed, local);
    }
    around_.mutant->alters(router.instance, event, actions);
  } else {
    actions = router.instance.handle(event, local);
  }
  router.deadline = clock_.world(router.instance.deadline());
  if (!actions.empty()) {
    obey(router, actions);
    around_.watcher->handled(*this, router, event, actions);
  }
  review_group();
}

// As in failover/node_groups.cc.
void Host::review_group() {
  if (!group_ || untold_ > 0) return;
  std::array<const vrrp::Instance*, routers_max> members{};
  for (std::size_t i = 0; i < routers_.size(); ++i) members[i] = &routers_[i].instance;
  constexpr int rounds_max = 8;
  for (int round = 0; round < rounds_max; ++round) {
    const auto verdict = group_->review({members.data(), routers_.size()});
    if (verdict.notice) around_.watcher->told_group(*this, *verdict.notice);
    if (verdict.is_silent()) {
      around_.watcher->finished(*this);
      return;
    }
    if (!verdict.line.empty()) around_.tell(fmt::format("host {}  {}", index_, verdict.line));
    ++untold_;
    for (const auto& command : verdict.commands) {
      ++around_.tally.group_commands;
      handle(routers_[command.member], command.event);
    }
    --untold_;
    if (around_.mutant && round == rounds_max - 1) {
      around_.watcher->finished(*this);
      return;
    }
  }
  BATON_ASSERT(false);
}

// -- actions --

void Host::obey(VirtualRouter& router, const vrrp::Actions& actions) {
  bool moved = false;
  for (const auto& single : actions) {
    if (const auto* send = std::get_if<vrrp::action::SendAdvert>(&single)) {
      transmit(router, send->priority);
    } else if (std::holds_alternative<vrrp::action::AddAddresses>(single)) {
      router.kernel = router.instance.settings().addresses;
      ++router.expiry;
      moved = true;
    } else if (std::holds_alternative<vrrp::action::RemoveAddresses>(single)) {
      router.kernel.clear();
      ++router.expiry;
      moved = true;
    } else if (const auto* burst = std::get_if<vrrp::action::Announce>(&single)) {
      announce(router, burst->repeat);
    } else if (std::holds_alternative<vrrp::action::Probe>(single)) {
      ask(router);
    } else if (const auto* line = std::get_if<vrrp::action::LogLine>(&single)) {
      if (around_.chronicle) around_.tell(fmt::format("host {}  {}", index_, line->text));
    } else if (std::holds_alternative<vrrp::action::Transition>(single)) {
      moved = true;
    }
  }
  if (moved) around_.watcher->changed(router.index);
}

const Wire& Host::say(VirtualRouter& router, std::uint8_t priority, std::size_t to) {
  for (const auto& said : router.sayings) {
    if (said.priority == priority && said.to == to) return *said.wire;
  }
  const net::IpAddress source = *router.instance.source();
  const net::IpAddress destination = to == to_all ? vrrp::multicast_group(source.family())
                                                  : around_.plan.address_of(to, router.link);
  around_.wires.push_back(make_wire(router.instance.make_advert(priority), source, destination,
                                    router.instance.checksum_form()));
  router.sayings.push_back({priority, static_cast<std::uint8_t>(to), &around_.wires.back()});
  return around_.wires.back();
}

void Host::transmit(VirtualRouter& router, std::uint8_t priority) {
  if (!router.instance.source()) return;
  ++router.adverts;
  ++around_.tally.adverts;
  const bool unicast = !router.instance.settings().peers.empty();
  Item item;
  item.kind = Item::Kind::advert;
  item.router = static_cast<std::uint8_t>(router.index);
  for (std::size_t to = 0; to < around_.plan.hosts; ++to) {
    if (to == index_) continue;
    item.host = static_cast<std::uint8_t>(to);
    item.wire = &say(router, priority, unicast ? to : to_all);
    around_.network.carry(item, router.link, index_, to, around_.now);
  }
  if (around_.heard.size() < heard_max) around_.heard.emplace_back();
  around_.heard[around_.tally.adverts % around_.heard.size()] = {router.index, item.wire};
}

// Gratuitous ARP: the neighbour believes it, the other hosts notice it.
void Host::announce(VirtualRouter& router, std::uint32_t repeat) {
  ++around_.tally.announcements;
  Item item;
  item.router = static_cast<std::uint8_t>(router.index);
  item.host = static_cast<std::uint8_t>(index_);
  item.kind = Item::Kind::announce;
  bool arrives = false;
  for (std::uint32_t i = 0; i < repeat; ++i) {
    arrives |=
        around_.network.carry(item, router.link, index_, around_.network.neighbour(), around_.now);
  }
  if (!arrives) around_.neighbour.misses(router.index, index_);
  item.kind = Item::Kind::claim;
  for (std::size_t to = 0; to < around_.plan.hosts; ++to) {
    if (to == index_) continue;
    item.host = static_cast<std::uint8_t>(to);
    around_.network.carry(item, router.link, index_, to, around_.now);
  }
}

// The kernel of every reachable host that has the addresses answers, also for a paused process.
void Host::ask(VirtualRouter& router) {
  Item item;
  item.at = around_.now + 2 * around_.plan.delay_min;
  item.kind = Item::Kind::claim;
  item.host = static_cast<std::uint8_t>(index_);
  item.router = static_cast<std::uint8_t>(router.index);
  for (const Host& other : around_.hosts) {
    if (other.index() == index_ || !other.holds(router.index)) continue;
    if (!around_.network.reaches(router.link, index_, other.index())) continue;
    if (!around_.network.reaches(router.link, other.index(), index_)) continue;
    around_.agenda.add(item);
  }
  if (around_.strangers[router.index] > 0) around_.agenda.add(item);
}

}  // namespace baton::simulation
