// What each fault does to a world, stage by stage.

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"
#include "simulation/world.h"

namespace baton::simulation {

std::optional<Duration> World::play(const Step& original, Progress& progress) {
  Step step = original;
  // A script may have been shrunk to fewer hosts than it was written for.
  if (step.fault != Fault::partition) step.host %= plan_.hosts;
  step.other %= step.fault == Fault::stranger ? plan_.routers : plan_.links;
  switch (step.fault) {
    case Fault::crash:
    case Fault::pause:
    case Fault::freeze:
    case Fault::clock_jump:
      return play_life(step, progress);
    case Fault::cold_start:
      return cold_start(step, progress);
    case Fault::stop:
    case Fault::stop_now:
      return stop(step, progress);
    case Fault::pass:
      return pass(step, progress);
    case Fault::partition:
    case Fault::deaf:
    case Fault::mute:
    case Fault::silent_switch:
    case Fault::loss:
    case Fault::slow_network:
      return play_network(step, progress);
    case Fault::script_fails:
    case Fault::weight_changes:
    case Fault::link_down:
    case Fault::source_lost:
      return play_truth(step, progress);
    case Fault::hostile:
    case Fault::replay:
    case Fault::stranger:
      return play_adverts(step, progress);
    case Fault::reload_same:
    case Fault::reload_priority:
    case Fault::reload_addresses:
    case Fault::reload_interval:
      return play_reload(step, progress);
    case Fault::bfd_loss:
    case Fault::second_cut:
    case Fault::witness_dark:
    case Fault::island:
    case Fault::pair_cut:
    case Fault::pair_break:
    case Fault::filter_refuses:
    case Fault::ambush:
      return play_company(step, progress);
  }
  BATON_ASSERT(false);
}

// -- processes and machines --

std::optional<Duration> World::play_life(const Step& step, Progress& progress) {
  Host& host = around_.hosts[step.host];
  const bool begins = progress.stage == 0;
  if (begins && (!host.running() || (step.fault != Fault::crash && !host.awake()))) {
    return std::nullopt;
  }
  progress.took_effect = true;
  judges_.disturbed();
  if (step.fault == Fault::crash) {
    if (begins) host.crash();
    if (!begins && !host.running()) host.start();
  } else if (step.fault == Fault::pause) {
    if (begins) host.pause();
    if (!begins && host.paused()) host.resume();
  } else if (step.fault == Fault::freeze) {
    if (begins) host.freeze();
    if (!begins && host.frozen()) host.thaw();
  } else {
    host.leap(step.length);
    judges_.leapt(host);
  }
  judges_.disturbed();
  if (!begins || step.fault == Fault::clock_jump) return std::nullopt;
  return step.length;
}

std::optional<Duration> World::cold_start(const Step& step, Progress& progress) {
  Random random(step.amount + progress.stage);
  progress.took_effect = true;
  judges_.disturbed();
  if (progress.stage == 0) {
    for (Host& host : around_.hosts) host.crash();
  } else if (Host& host = around_.hosts[progress.stage - 1]; !host.running()) {
    host.start();
  }
  judges_.disturbed();
  if (progress.stage == plan_.hosts) return std::nullopt;
  // Power comes back: sometimes for all within a blink.
  const Duration most = random.chance(2) ? Duration(50ms) : 2 * plan_.interval + 1s;
  return Duration(
      static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count()))));
}

std::optional<Duration> World::stop(const Step& step, Progress& progress) {
  constexpr Duration look_again = 500ms;
  // A successor may be slow; connections of before are served to their end, or for as long as a
  // handover may take.
  const Duration longest = 10s + plan_.longest_yield() + plan_.handover_timeout * 11 / 10;
  const auto looks_max = static_cast<std::uint32_t>(longest / look_again);
  Host& host = around_.hosts[step.host];
  if (progress.stage == 0) {
    if (!host.takes_part()) return std::nullopt;
    progress.took_effect = true;
    if (step.fault == Fault::stop) {
      if (plan_.paired) judges_.serve_connections(host, step.amount);
      judges_.before_planned_stop(host);
      host.stop(true);
      judges_.after_planned_stop(host);
    } else {
      judges_.disturbed();
      host.stop(false);
      judges_.disturbed();
    }
    return step.length;
  }
  // Crashed or started anew since then.
  if (!host.running() || !host.stopping()) return std::nullopt;
  if (!host.stopped() || !host.awake() || host.is_handing_over()) {
    progress.looks = host.awake() ? progress.looks + 1 : 0;
    if (progress.looks > looks_max) {
      judges_.complain(Checker::stops, "a host that was told to stop does not");
    }
    return look_again;
  }
  judges_.judged(Checker::stops);
  judges_.disturbed();
  host.crash();
  host.start();
  judges_.disturbed();
  return std::nullopt;
}

// Half of the time there is a pair link: the successor is told, and priority 0 need not be.
std::optional<Duration> World::pass(const Step& step, Progress& progress) {
  constexpr Duration pair_link = 2ms;
  Host& host = around_.hosts[step.host];
  if (progress.stage == 1 && plan_.paired) return pass_by_operator(host, step, 1);
  if (progress.stage == 1) {
    around_.hosts[progress.successor].take_over(fmt::format("host {}", step.host));
    return std::nullopt;
  }
  if (!host.takes_part()) return std::nullopt;
  progress.took_effect = true;
  if (plan_.paired) {
    return pass_by_operator(host, step, 0);
  }
  const auto successor = step.amount % 2 == 0 ? std::nullopt : judges_.successor_of(host);
  judges_.before_planned_stop(host);
  judges_.expect_handover();
  host.pass(successor.has_value());
  judges_.after_planned_stop(host);
  if (!successor) return std::nullopt;
  progress.successor = *successor;
  return pair_link;
}

// -- the network --

void World::cut_direction(std::size_t link, std::size_t from, std::size_t to, bool mends) {
  if (from == to) return;
  if (mends) {
    around_.network.mend(link, from, to);
  } else {
    around_.network.cut(link, from, to);
  }
}

void World::cut(const Step& step, bool mends) {
  const std::size_t neighbour = around_.network.neighbour();
  const auto here = [&](std::size_t station) {
    return station == neighbour ? (step.amount & 1u) != 0 : (step.host >> station & 1u) != 0;
  };
  for (std::size_t link = 0; link < plan_.links; ++link) {
    const bool one_link = step.fault == Fault::silent_switch || step.fault == Fault::link_down;
    if (one_link && link != step.other) continue;
    for (std::size_t from = 0; from <= neighbour; ++from) {
      for (std::size_t to = 0; to <= neighbour; ++to) {
        const bool hit = step.fault == Fault::partition   ? here(from) != here(to)
                         : step.fault == Fault::deaf      ? to == step.host
                         : step.fault == Fault::mute      ? from == step.host
                         : step.fault == Fault::link_down ? from == step.host || to == step.host
                                                          : true;
        if (hit) cut_direction(link, from, to, mends);
      }
    }
  }
}

void World::change_weather() {
  Network::Weather weather = around_.network.clear_weather();
  for (const std::size_t index : bad_weather_) {
    const Step& step = script_.steps[index];
    if (step.fault == Fault::loss) {
      weather.loss_per_mille =
          std::max(weather.loss_per_mille, static_cast<std::uint32_t>(step.amount % 600));
      weather.duplicates_per_mille = std::max(weather.duplicates_per_mille,
                                              static_cast<std::uint32_t>(step.amount / 600 % 200));
      weather.reorders = true;
    } else {
      weather.delay_max =
          std::max(weather.delay_max, std::min(plan_.interval * 8 / 10, Network::slowest));
    }
  }
  around_.network.set_weather(weather);
}

std::optional<Duration> World::play_network(const Step& step, Progress& progress) {
  const bool begins = progress.stage == 0;
  progress.took_effect = true;
  if (step.fault == Fault::loss || step.fault == Fault::slow_network) {
    const auto index = static_cast<std::size_t>(&progress - progress_.data());
    if (begins) {
      bad_weather_.push_back(index);
    } else {
      std::erase(bad_weather_, index);
    }
    change_weather();
    judges_.weather(begins ? 1 : -1);
  } else {
    cut(step, !begins);
    judges_.disturbed();
  }
  if (!begins) return std::nullopt;
  return step.length;
}

// -- trackers and the like --

std::optional<Duration> World::play_truth(const Step& step, Progress& progress) {
  Host& host = around_.hosts[step.host];
  const bool breaks = progress.stage % 2 == 0;
  const auto cycles = static_cast<std::uint32_t>(1 + step.amount % 3);  // it may flap
  progress.took_effect = true;
  judges_.disturbed();
  if (step.fault == Fault::link_down) cut(step, !breaks);
  for (VirtualRouter& router : host.routers()) {
    const bool hit = step.fault == Fault::link_down
                         ? router.link == step.other
                         // The order of the hosts must be the same for all members of a group.
                         : (plan_.grouped && step.fault == Fault::weight_changes) ||
                               router.index == step.amount / 3 % plan_.routers;
    if (!hit) continue;
    unsigned& cause = step.fault == Fault::link_down      ? router.truth.down[tracker_link]
                      : step.fault == Fault::script_fails ? router.truth.down[tracker_script]
                      : step.fault == Fault::source_lost  ? router.truth.sourceless
                                                          : router.truth.down[tracker_weight];
    cause = breaks ? cause + 1 : cause - 1;
  }
  host.learn();
  judges_.disturbed();
  if (progress.stage + 1 == 2 * cycles) return std::nullopt;
  return step.length / (2 * cycles - 1);
}

// -- the configuration --

std::optional<Duration> World::play_reload(const Step& step, Progress& progress) {
  Host& host =
      around_.hosts[step.fault == Fault::reload_same || step.fault == Fault::reload_priority
                        ? step.host
                        : progress.stage];
  progress.took_effect = true;
  if (step.fault == Fault::reload_same) {
    reload_unchanged(host);
    return std::nullopt;
  }
  const bool last = step.fault == Fault::reload_priority || progress.stage + 1 == plan_.hosts;
  // Until the last host has it, the hosts do not understand each other.
  const bool speechless = step.fault == Fault::reload_interval;
  if (speechless && progress.stage == 0) judges_.weather(1);
  judges_.disturbed();
  for (Host& each : around_.hosts) {
    const bool now = &each == &host || (last && step.fault != Fault::reload_priority);
    for (VirtualRouter& router : each.routers()) {
      vrrp::Settings& settings = router.truth.settings;
      if (!now) continue;
      if (step.fault == Fault::reload_addresses) {
        settings.addresses = plan_.addresses_of(router.index, step.amount);
      } else if (step.fault == Fault::reload_interval) {
        settings.advert_interval = step.amount % 2 == 0 ? plan_.interval : plan_.other_interval;
      } else {
        settings.priority = static_cast<std::uint8_t>(1 + step.amount % 254);
      }
    }
    if (now) each.learn();
  }
  if (speechless && last) judges_.weather(-1);
  judges_.disturbed();
  if (last) return std::nullopt;
  return step.length / static_cast<std::int64_t>(plan_.hosts);
}

}  // namespace baton::simulation
