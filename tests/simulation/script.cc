// Scripts: made, printed, read.

#include "simulation/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "base/random.h"
#include "base/text.h"

namespace baton::simulation {

namespace {

constexpr std::array<const char*, fault_count> names{"crash",
                                                     "cold_start",
                                                     "pause",
                                                     "freeze",
                                                     "clock_jump",
                                                     "stop",
                                                     "pass",
                                                     "stop_now",
                                                     "partition",
                                                     "deaf",
                                                     "mute",
                                                     "silent_switch",
                                                     "loss",
                                                     "slow_network",
                                                     "script_fails",
                                                     "weight_changes",
                                                     "link_down",
                                                     "source_lost",
                                                     "hostile",
                                                     "replay",
                                                     "stranger",
                                                     "reload_same",
                                                     "reload_priority",
                                                     "reload_addresses",
                                                     "reload_interval",
                                                     "bfd_loss",
                                                     "second_cut",
                                                     "witness_dark",
                                                     "island",
                                                     "pair_cut",
                                                     "pair_break",
                                                     "filter_refuses",
                                                     "ambush"};

std::string exact(Duration time) {
  return fmt::format("{}.{:09}", time.count() / 1'000'000'000, time.count() % 1'000'000'000);
}

std::optional<Duration> read_time(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() > 2 || (parts.size() == 2 && parts[1].size() > 9)) return std::nullopt;
  const auto whole = parse_unsigned(parts[0], 4'000'000'000);
  std::string fraction(parts.size() == 2 ? parts[1] : "");
  fraction.resize(9, '0');
  const auto nanoseconds = parse_unsigned(fraction);
  if (!whole || !nanoseconds) return std::nullopt;
  return Duration(static_cast<std::int64_t>(*whole * 1'000'000'000 + *nanoseconds));
}

Duration part_of(Duration most, Random& random) {
  return Duration(static_cast<std::int64_t>(
      random.below(static_cast<std::uint64_t>(std::max<std::int64_t>(most.count(), 1)))));
}

// Long enough to be noticed, shorter than that, and much too long.
Duration some_length(Duration wait, Random& random) {
  switch (random.below(4)) {
    case 0:
      return part_of(wait / 4, random);
    case 1:
      return wait + part_of(3 * wait, random);
    default:
      return part_of(2 * wait, random);
  }
}

// Whether there is anything in the world of `plan` that the fault can hit.
bool is_possible(const Plan& plan, Fault fault) {
  switch (fault) {
    case Fault::bfd_loss:
      return plan.watch.enabled;
    case Fault::second_cut:
      return plan.guarded && plan.guard().second_path;
    case Fault::witness_dark:
      return plan.guarded && plan.guard().witness;
    case Fault::island:
      return plan.guarded || plan.paired;
    case Fault::pair_cut:
    case Fault::pair_break:
    case Fault::filter_refuses:
    case Fault::ambush:
      return plan.paired;
    default:
      return true;
  }
}

// What a world has beyond others is hit more often.
Fault pick_fault(const Plan& plan, Random& random) {
  const auto any_of = [&random](std::initializer_list<Fault> faults) {
    return faults.begin()[random.below(faults.size())];
  };
  if (plan.paired && random.chance(2)) {
    return any_of({Fault::pass, Fault::pass, Fault::ambush, Fault::ambush, Fault::stop,
                   Fault::pair_cut, Fault::pair_break});
  }
  for (;;) {
    Fault fault = static_cast<Fault>(random.below(fault_count));
    if (plan.guarded && random.chance(2)) {
      fault = any_of({Fault::second_cut, Fault::witness_dark, Fault::island, Fault::partition,
                      Fault::deaf, Fault::mute, Fault::crash});
    } else if (plan.watch.enabled && random.chance(3)) {
      fault = any_of({Fault::bfd_loss, Fault::crash, Fault::pause, Fault::deaf, Fault::mute});
    }
    if (is_possible(plan, fault)) return fault;
  }
}

Step make_step(const Plan& plan, Instant at, Random& random) {
  Step step;
  step.at = at;
  step.fault = pick_fault(plan, random);
  // One link cannot die alone where there is but one.
  if (step.fault == Fault::silent_switch && plan.links < 2) step.fault = Fault::partition;
  step.host = random.below(plan.hosts);
  if (step.fault == Fault::partition) step.host = 1 + random.below((1u << plan.hosts) - 1);
  step.other = random.below(step.fault == Fault::stranger ? plan.routers : plan.links);
  step.length = some_length(plan.longest_wait(), random);
  if (step.fault == Fault::loss) step.length *= 3;
  step.amount = random.below(1'000'000);
  return step;
}

std::optional<Step> read_step(const std::vector<std::string_view>& words) {
  if (words.size() != 11 || words[3] != "host" || words[5] != "other" || words[7] != "for" ||
      words[9] != "amount") {
    return std::nullopt;
  }
  const auto at = read_time(words[1]);
  const auto fault =
      std::ranges::find(names, words[2], [](auto* s) { return std::string_view(s); });
  const auto host = parse_unsigned(words[4], (1u << hosts_max) - 1);
  const auto other = parse_unsigned(words[6], 1);
  const auto length = read_time(words[8]);
  const auto amount = parse_unsigned(words[10]);
  if (!at || fault == names.end() || !host || !other || !length || !amount) return std::nullopt;
  return Step{Instant(*at), static_cast<Fault>(fault - names.begin()), *host, *other, *length,
              *amount};
}

// Total, so that what is printed and read again plays the same.
void sort_steps(std::vector<Step>& steps) {
  std::ranges::sort(steps, {}, [](const Step& step) {
    return std::tuple(step.at, step.fault, step.host, step.other, step.length, step.amount);
  });
}

}  // namespace

const char* name_of(Fault fault) {
  return names[static_cast<std::size_t>(fault)];
}

std::string Script::text() const {
  std::string text = fmt::format("world {} hosts {} drift {}\n", seed, hosts, drift ? "yes" : "no");
  for (const Step& step : steps) {
    text += fmt::format("at {} {} host {} other {} for {} amount {}\n",
                        exact(step.at.time_since_epoch()), name_of(step.fault), step.host,
                        step.other, exact(step.length), step.amount);
  }
  text += fmt::format("end {}\n", exact(end.time_since_epoch()));
  return text;
}

Plan plan_of(const Script& script) {
  Plan plan = make_plan(script.seed);
  plan.hosts = std::min(plan.hosts, std::max<std::size_t>(script.hosts, 2));
  plan.settings.resize(plan.hosts);
  plan.drift_ppm.resize(plan.hosts);
  if (!script.drift) std::ranges::fill(plan.drift_ppm, 0);
  return plan;
}

Script write_script(std::uint64_t seed) {
  Random random(seed ^ 0x5c21);
  Script script;
  script.seed = seed;
  const Plan plan = make_plan(seed);
  script.hosts = plan.hosts;
  const Duration wait = plan.longest_wait();
  // Announcements after a conflict come up to five seconds late and are judged, too.
  const Duration calm = plan.settle_time() + 8s;
  const std::uint64_t bursts = 12 + random.below(12);
  Instant at = Instant{} + calm;
  for (std::uint64_t burst = 0; burst < bursts; ++burst) {
    Instant end = at;
    const std::uint64_t faults = random.chance(2) ? 1 : 2 + random.below(3);
    for (std::uint64_t i = 0; i < faults; ++i) {
      Step step = make_step(plan, i == 0 ? at : at + part_of(2 * wait, random), random);
      // What is broken alone may stay so for long enough to be judged as the new order of things.
      if (faults == 1 && random.chance(2)) step.length += plan.settle_time() + 8s;
      end = std::max(end, step.at + step.length);
      script.steps.push_back(step);
    }
    at = end + calm;
    // Often at once, mostly soon, sometimes after a long time in which nothing happens.
    if (!random.chance(3)) at += part_of((random.chance(6) ? 400 : 20) * plan.interval, random);
  }
  sort_steps(script.steps);
  script.end = at;
  return script;
}

Result<Script> read_script(std::string_view text) {
  Script script;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split_words(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    if (words[0] == "world" && words.size() == 6) {
      const auto seed = parse_unsigned(words[1]);
      const auto hosts = parse_unsigned(words[3], hosts_max);
      if (!seed || !hosts) return fail(ErrorKind::malformed, "the world's line");
      script.seed = *seed;
      script.hosts = *hosts;
      script.drift = words[5] == "yes";
    } else if (words[0] == "at") {
      const auto step = read_step(words);
      if (!step) return fail(ErrorKind::malformed, "the line of a fault");
      script.steps.push_back(*step);
    } else if (words[0] == "end" && words.size() == 2) {
      const auto end = read_time(words[1]);
      if (!end) return fail(ErrorKind::malformed, "the end's line");
      script.end = Instant(*end);
    } else {
      return fail(ErrorKind::malformed, "a line of the script");
    }
  }
  sort_steps(script.steps);
  return script;
}

}  // namespace baton::simulation
