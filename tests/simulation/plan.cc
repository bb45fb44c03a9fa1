// Dice for a world.

#include "simulation/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/random.h"
#include "failover/handover.h"
#include "vrrp/instance.h"
#include "vrrp/timers.h"

namespace baton::simulation {

namespace {

using std::chrono::seconds;

Pace pick_pace(Random& random) {
  const std::uint64_t die = random.below(20);
  return die < 8 ? Pace::quick : die < 17 ? Pace::everyday : Pace::slow;
}

void pick_interval(Plan& plan, std::uint8_t& version, Random& random) {
  static constexpr std::array<Duration, 6> quick{10ms, 20ms, 50ms, 100ms, 200ms, 500ms};
  static constexpr std::array<Duration, 5> slow{5s, 10s, 20s, 30s, 40s};
  version = 3;
  switch (plan.pace) {
    case Pace::quick:
      plan.interval = quick[random.below(quick.size())];
      plan.other_interval = 2 * plan.interval;
      return;
    case Pace::everyday:
      version = random.chance(3) ? 3 : 2;
      plan.interval = seconds(version == 3 ? 1 : 1 + random.below(3));
      plan.other_interval = plan.interval + 1s;
      return;
    case Pace::slow:
      version = random.chance(3) ? 3 : 2;
      plan.interval =
          version == 3 ? slow[random.below(slow.size())] : seconds(5 + random.below(250));
      plan.other_interval = plan.interval == 40s && version == 3 ? 20s : plan.interval + 1s;
      return;
  }
}

// The order of the hosts is the same for all routers of a sync group, as it must be; without one
// each router has an order of its own.
void pick_priorities(Plan& plan, Random& random) {
  const bool equal = random.chance(5);
  const bool owner = !equal && random.chance(8);
  std::array<std::uint8_t, hosts_max> base{};
  for (auto& one : base) one = static_cast<std::uint8_t>(1 + random.below(250));
  std::sort(base.begin(), base.end(), std::greater<>());
  for (std::size_t router = 0; router < plan.routers; ++router) {
    for (std::size_t host = 0; host < plan.hosts; ++host) {
      vrrp::Settings& one = plan.settings[host][router];
      one.priority = plan.grouped ? base[host] : static_cast<std::uint8_t>(1 + random.below(254));
      if (equal) one.priority = 100;
      if (owner && host == 0) {
        one.priority = vrrp::owner_priority;
        one.wants_master = random.chance(2);
      }
    }
  }
}

vrrp::Settings common_settings(const Plan& plan, std::uint8_t version, Random& random) {
  vrrp::Settings common;
  common.version = version;
  common.advert_interval = plan.interval;
  if (version == 2 && random.chance(2)) {
    common.auth_type = vrrp::auth_password;
    common.password = vrrp::make_password("secret");
  }
  common.nopreempt = random.chance(4);
  if (!common.nopreempt && random.chance(6)) {
    common.preempt_delay = std::min<Duration>(5 * plan.interval, 60s);
  }
  if (random.chance(6)) common.announce.refresh = 60s;
  const int weight = static_cast<int>(random.below(100)) - 50;
  common.trackers = {{"script chk", 0, false},
                     {"script load", weight == 0 ? 1 : weight, random.chance(8)},
                     {"interface eth", 0, false}};
  return common;
}

// The shares of worlds that have more than VRRP, of 512. Packets of BFD and reports of the second
// path are many: a world with them is a hundred times the work of one without, and most of the
// virtual hours are those of slow worlds, which have none.
constexpr std::uint64_t watched_share = 3;  // BFD
constexpr std::uint64_t guarded_share = 5;  // second path, witness
constexpr std::uint64_t paired_share = 60;  // pair link, handovers
constexpr std::uint64_t all_share = 2;      // all of it

void add_company(Plan& plan, std::uint64_t seed) {
  Random random(seed ^ 0xb7d3);
  if (plan.pace == Pace::slow) return;
  std::uint64_t die = random.below(512);
  const auto is_share = [&die](std::uint64_t share) {
    const bool hit = die < share;
    die -= hit ? 0 : share;
    return hit;
  };
  const bool all = is_share(all_share);
  const bool watched = !all && is_share(watched_share);
  const bool guarded = !all && !watched && is_share(guarded_share);
  const bool paired = !all && !watched && !guarded && is_share(paired_share);
  // Where adverts are as quick as that, nobody needs BFD.
  if ((all || watched) && plan.interval >= 500ms) {
    static constexpr std::array<Duration, 3> intervals{50ms, 200ms, 300ms};
    plan.watch.enabled = true;
    plan.watch.interval = intervals[random.below(intervals.size())];
    plan.watch.multiplier = static_cast<std::uint8_t>(3 + random.below(3));
    plan.detection = 0s;
  }
  if (all || guarded) {
    plan.guarded = true;
    vrrp::TakeoverRules rules;
    const std::uint64_t kind = random.below(3);
    rules.second_path = kind != 0;
    rules.witness = kind != 1;
    rules.heartbeat_interval = random.chance(8) ? 50ms : random.chance(2) ? 200ms : 500ms;
    rules.witness_timeout = random.chance(2) ? 1s : 300ms;
    if (random.chance(3)) rules.link_wait = 2s;
    for (auto& host : plan.settings) {
      for (auto& one : host) one.takeover = rules;
    }
  }
  if (all || paired) {
    plan.paired = true;
    plan.handover_timeout = random.chance(2) ? 5s : 60s;
  }
}

}  // namespace

const char* name_of(Pace pace) {
  static constexpr std::array names{"quick", "everyday", "slow"};
  return names[static_cast<std::size_t>(pace)];
}

net::IpAddress Plan::address_of(std::size_t host, std::size_t link) const {
  const auto node = static_cast<std::uint8_t>(host + 1);
  if (settings[0][0].addresses.at(0).is_ipv4()) {
    return net::IpAddress::ipv4(10, 9, static_cast<std::uint8_t>(link), node);
  }
  return *net::IpAddress::parse(fmt::format("fe80::{}:{}", link + 1, node));
}

std::vector<net::IpAddress> Plan::addresses_of(std::size_t router, std::uint64_t edition) const {
  const bool ipv4 = settings[0][0].addresses.empty() || settings[0][0].addresses[0].is_ipv4();
  std::vector<net::IpAddress> addresses;
  // The first one stays, as it does with operators; others come and go.
  for (std::uint64_t i = 0; i <= edition % 3; ++i) {
    const auto last = static_cast<std::uint8_t>(100 + 10 * router + i);
    if (ipv4) {
      addresses.push_back(
          net::IpAddress::ipv4(10, 9, static_cast<std::uint8_t>(link_of[router]), last));
    } else {
      addresses.push_back(*net::IpAddress::parse(fmt::format("fe80::1:{}", last)));
    }
  }
  return addresses;
}

Duration Plan::longest_wait() const {
  const Duration longest = std::max(interval, other_interval);
  return vrrp::master_down_time(settings[0][0].version, 1, longest);
}

Duration Plan::longest_yield() const {
  return vrrp::skew_time(settings[0][0].version, 1, std::max(interval, other_interval)) + 1s;
}

Duration Plan::gap_max() const {
  const Duration longest = std::max(interval, other_interval);
  Duration gap = (longest_wait() + longest) * (grouped ? 2 : 1) + 300ms;
  // Questions to a witness, the wait for a link; a preempting return that asks, and a handover that
  // nobody answers.
  if (guarded) gap += 2 * (guard().witness_timeout + 1s) + guard().link_wait;
  if (paired) gap += vrrp::ask_patience + failover::HandoverGiver::ready_patience + 1s;
  return gap;
}

Duration Plan::overlap_max() const {
  return 2 * std::max(interval, other_interval) + 300ms;
}

Duration Plan::settle_time() const {
  Duration settle = 2 * gap_max() + 2 * settings[0][0].preempt_delay;
  // Two handovers, one after the other, each as slow as can be; and who asks for more of them.
  if (paired) settle += 2 * failover::HandoverGiver::move_patience + vrrp::ask_longest;
  return settle;
}

std::string Plan::text() const {
  const vrrp::Settings& one = settings[0][0];
  std::string text = fmt::format(
      "{}: {} hosts, {} link{}, {} virtual router{}{}, v{} {}{}, adverts each {} s", name_of(pace),
      hosts, links, links == 1 ? "" : "s", routers, routers == 1 ? "" : "s",
      grouped ? " in a sync group" : "", one.version, one.peers.empty() ? "multicast" : "unicast",
      one.addresses[0].is_ipv4() ? "" : " IPv6", to_seconds(one.advert_interval));
  if (one.auth_type != vrrp::auth_none) text += ", password";
  if (one.nopreempt) text += ", nopreempt";
  if (detection > 0s) text += fmt::format(", fast detection {} s", to_seconds(detection));
  if (watch.enabled) {
    text += fmt::format(", BFD {} x {} s", watch.multiplier, to_seconds(watch.interval));
  }
  if (paired) text += fmt::format(", pair link, handovers of {} s", to_seconds(handover_timeout));
  if (one.takeover.second_path) {
    text += fmt::format(", second path each {} s", to_seconds(one.takeover.heartbeat_interval));
  }
  if (one.takeover.witness) text += ", witness";
  if (one.takeover.link_wait > 0s) {
    text += fmt::format(", link wait {} s", to_seconds(one.takeover.link_wait));
  }
  if (one.preempt_delay > 0s) {
    text += fmt::format(", preempt delay {} s", to_seconds(one.preempt_delay));
  }
  text += ", priorities";
  for (const auto& host : settings) {
    for (std::size_t router = 0; router < host.size(); ++router) {
      text += fmt::format("{}{}", router == 0 ? " " : "/", host[router].priority);
    }
  }
  return text;
}

Plan make_plan(std::uint64_t seed) {
  Random random(seed ^ 0x91a2);
  Plan plan;
  plan.seed = seed;
  plan.pace = pick_pace(random);
  plan.hosts = 2 + random.below(hosts_max - 1);
  plan.grouped = random.chance(4);
  plan.routers = plan.grouped || random.chance(4) ? 2 : 1;
  plan.links = plan.routers == 2 && !random.chance(4) ? 2 : 1;
  for (std::size_t i = 0; i < plan.routers; ++i) plan.link_of.push_back(i % plan.links);
  std::uint8_t version = 2;
  pick_interval(plan, version, random);
  const vrrp::Settings common = common_settings(plan, version, random);
  const bool ipv6 = version == 3 && random.chance(3);
  const bool unicast = random.chance(3);
  plan.settings.assign(plan.hosts, {plan.routers, common});
  if (ipv6) plan.settings[0][0].family = net::Family::ipv6;
  if (ipv6) plan.settings[0][0].addresses = {net::IpAddress::any(net::Family::ipv6)};
  for (std::size_t router = 0; router < plan.routers; ++router) {
    const auto addresses = plan.addresses_of(router, random.below(3));
    for (std::size_t host = 0; host < plan.hosts; ++host) {
      vrrp::Settings& one = plan.settings[host][router];
      one.name = fmt::format("VI_{}", router + 1);
      one.virtual_router_id = static_cast<std::uint8_t>(51 + router);
      one.addresses = addresses;
      if (ipv6) one.family = net::Family::ipv6;
      if (plan.grouped) one.sync_group = "G";
      for (std::size_t peer = 0; unicast && peer < plan.hosts; ++peer) {
        if (peer == host) continue;
        one.peers.push_back({plan.address_of(peer, plan.link_of[router]), {}, {}});
      }
    }
  }
  pick_priorities(plan, random);
  if (random.chance(2) && plan.interval >= 500ms) plan.detection = random.chance(2) ? 30ms : 150ms;
  // Hosts that share a switch: far below the shortest advert interval.
  plan.delay_min = 50us;
  plan.delay_max = std::chrono::microseconds(100 + random.below(2500));
  const bool bad_clocks = random.chance(5);
  for (std::size_t host = 0; host < plan.hosts; ++host) {
    const int range = bad_clocks ? 30'000 : 200;
    plan.drift_ppm.push_back(static_cast<int>(random.below(2 * static_cast<std::uint64_t>(range))) -
                             range);
  }
  add_company(plan, seed);
  return plan;
}

}  // namespace baton::simulation
