// Events into the machines, and their actions out of them.

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "simulation/node.h"

namespace baton::simulation {

namespace {

constexpr std::size_t queued_max = 64;
constexpr std::size_t heard_max = 16;
constexpr std::uint8_t to_all = 0xff;

}  // namespace

void Host::hear(std::size_t router, const Wire& wire) {
  if (!running_ || frozen_) return;
  if (paused_) {
    if (queued_.size() < queued_max) queued_.emplace_back(router, &wire);
    return;
  }
  ++around_.tally.deliveries;
  ++frames[routers_[router].link];
  handle(routers_[router], vrrp::event::AdvertReceived{&wire.parsed});
}

void Host::hear_parsed(std::size_t router, const vrrp::ParsedAdvert& parsed) {
  handle(routers_[router], vrrp::event::AdvertReceived{&parsed});
}

void Host::claim(std::size_t router) {
  if (!running_ || frozen_) return;
  if (paused_) {
    if (queued_.size() < queued_max) queued_.emplace_back(router, nullptr);
    return;
  }
  ++around_.tally.claims;
  ++frames[routers_[router].link];
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
  if (pair_) {
    pair_->handovers().expect_stragglers(faces_[router.index]);
    pair_->handovers().review();
  }
  if (bfd_) bfd_->note(router);
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
    } else if (std::holds_alternative<vrrp::action::AskPass>(single)) {
      if (pair_) pair_->handovers().ask_to_pass(faces_[router.index]);
    } else if (std::holds_alternative<vrrp::action::SendReport>(single)) {
      send_report(router);
    } else if (std::holds_alternative<vrrp::action::AskWitness>(single)) {
      ask_witness(router);
    } else if (std::holds_alternative<vrrp::action::Solicit>(single)) {
      solicit(router);
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
