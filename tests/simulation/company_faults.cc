// Faults of what hosts have beside the segment: BFD alone, the second path, the witness, the pair
// link, the packet filter; and a handover that is struck in the middle.

#include <fmt/format.h>

#include <array>

#include "simulation/world.h"

namespace baton::simulation {

std::optional<Duration> World::play_company(const Step& step, Progress& progress) {
  if (step.fault == Fault::ambush) return ambush(step, progress);
  if (step.fault == Fault::second_cut) return cut_ways(step, progress, Network::second_path);
  if (step.fault == Fault::pair_cut) return cut_ways(step, progress, Network::pair_link);
  const bool begins = progress.stage == 0;
  const int change = begins ? 1 : -1;
  const auto count = [change](unsigned& causes) {
    causes = static_cast<unsigned>(static_cast<int>(causes) + change);
  };
  progress.took_effect = true;
  judges_.disturbed();
  if (step.fault == Fault::pair_break) {
    if (around_.pairs) around_.pairs->reset(step.host);
    return std::nullopt;
  }
  if (step.fault == Fault::bfd_loss) {
    for (std::size_t other = 0; other < plan_.hosts; ++other) {
      if (step.amount % 3 != 0) count(around_.bfd_cuts[step.host][other]);
      if (step.amount % 3 != 1) count(around_.bfd_cuts[other][step.host]);
    }
  } else if (step.fault == Fault::witness_dark) {
    for (std::size_t host = 0; host < plan_.hosts; ++host) {
      if (host == step.host || step.amount % 3 == 0) count(around_.witness_dark[host]);
    }
  } else if (step.fault == Fault::filter_refuses) {
    judges_.filter_refuses();
    count(around_.hosts[step.host].filter_refuses);
  } else {
    for (std::size_t link = 0; link < Network::networks; ++link) {
      for (std::size_t other = 0; other <= around_.network.neighbour(); ++other) {
        cut_direction(link, step.host, other, !begins);
        cut_direction(link, other, step.host, !begins);
      }
    }
    count(around_.witness_dark[step.host]);
  }
  judges_.disturbed();
  if (!begins) return std::nullopt;
  return step.length;
}

// One way, the other, or both.
std::optional<Duration> World::cut_ways(const Step& step, Progress& progress, std::size_t network) {
  const bool begins = progress.stage == 0;
  progress.took_effect = true;
  for (std::size_t other = 0; other < plan_.hosts; ++other) {
    if (step.amount % 3 != 0) cut_direction(network, step.host, other, !begins);
    if (step.amount % 3 != 1) cut_direction(network, other, step.host, !begins);
  }
  judges_.disturbed();
  if (!begins) return std::nullopt;
  return step.length;
}

// By an operator, over the pair link if there is one.
void World::begin_pass(Host& host, const Step& step, const std::string& to) {
  judges_.serve_connections(host, step.amount);
  judges_.before_planned_stop(host);
  judges_.expect_handover();
  const std::uint64_t ticket = ++last_ticket_;
  judges_.pass_asked(host, ticket);
  // Who is master of nothing says so at once.
  if (!host.pass_by_desk(to, ticket)) judges_.pass_is_void(host, ticket);
  judges_.after_planned_stop(host);
}

// Whoever holds passes; after a blink, or when it is nearly done, one of both or their link is
// struck. Stage 1 is the blow, stage 2 its end.
std::optional<Duration> World::ambush(const Step& step, Progress& progress) {
  enum Blow : std::uint64_t { giver_dies, giver_sleeps, link_breaks, others_die, others_sleep };
  const auto blow = static_cast<Blow>(step.amount % 5);
  if (progress.stage == 0) {
    Host* holder = nullptr;
    for (Host& host : around_.hosts) {
      if (host.takes_part() && host.holds(step.other % plan_.routers)) holder = &host;
    }
    if (!holder) return std::nullopt;
    progress.took_effect = true;
    progress.successor = holder->index();
    begin_pass(*holder, step, "");
    Random random(step.amount);
    const std::array<Duration, 4> reach{4ms, 60ms, 2s, plan_.handover_timeout};
    const Duration most = reach[step.amount / 5 % reach.size()];
    return Duration(
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(most.count()))));
  }
  const std::size_t giver = progress.successor;
  const bool begins = progress.stage == 1;
  Host& host = around_.hosts[giver];
  if (begins && host.pair()) {
    ++tally_.ambushes[static_cast<std::size_t>(host.pair()->giver_state())];
  }
  judges_.disturbed();
  if (blow == link_breaks) {
    for (std::size_t other = 0; other < plan_.hosts; ++other) {
      cut_direction(Network::pair_link, giver, other, !begins);
      cut_direction(Network::pair_link, other, giver, !begins);
    }
  }
  for (Host& each : around_.hosts) {
    const bool is_giver = each.index() == giver;
    if ((blow == giver_dies && is_giver) || (blow == others_die && !is_giver)) {
      if (begins && each.running() && each.awake()) each.crash();
      if (!begins && !each.running()) each.start();
    } else if ((blow == giver_sleeps && is_giver) || (blow == others_sleep && !is_giver)) {
      if (begins && each.running() && each.awake()) each.pause();
      if (!begins && each.paused()) each.resume();
    }
  }
  judges_.disturbed();
  if (!begins) return std::nullopt;
  return step.length;
}

}  // namespace baton::simulation
