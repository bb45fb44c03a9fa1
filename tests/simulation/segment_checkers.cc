// Judgements about what the segment sees: the beat of the adverts, whom the neighbour believes, a
// planned stop without a gap.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "simulation/checkers.h"

namespace baton::simulation {

double Judges::adverts_expected(const Host& host, std::size_t router) const {
  const Beat& beat = beats_[router];
  if (host.index() != beat.holder) return 0;
  return to_seconds(around_.now - beat.since) /
         to_seconds(host.routers()[router].instance.settings().advert_interval);
}

// From the settled state to its end: the holder sends on the beat of its own clock.
void Judges::judge_beat(std::size_t router) {
  Beat& beat = beats_[router];
  if (beat.since == never) return;
  judged(Checker::advert_rate);
  for (const Host& host : around_.hosts) {
    const std::uint64_t before = beat.adverts[host.index()];
    if (before == UINT64_MAX) continue;
    const double sent = static_cast<double>(host.routers()[router].adverts - before);
    const double wanted = adverts_expected(host, router);
    if (sent <= wanted * 1.04 + 4 && sent >= wanted * 0.96 - 2) continue;
    complain(
        Checker::advert_rate,
        fmt::format("host {} sent {} adverts of VI_{} in {:.3f} s, {:.1f} were expected",
                    host.index(), sent, router + 1, to_seconds(around_.now - beat.since), wanted));
  }
  beat.since = never;
}

// A storm is not waited out.
void Judges::judge_storm(const Host& host, const VirtualRouter& router) {
  const Beat& beat = beats_[router.index];
  const std::uint64_t before = beat.adverts[host.index()];
  if (beat.since == never || before == UINT64_MAX || router.adverts < before + 100) return;
  if (static_cast<double>(router.adverts - before) >
      2 * adverts_expected(host, router.index) + 100) {
    judge_beat(router.index);
  }
}

// A rival that the holder could not hear came and went, and the holder will never know.
void Judges::excuse_neighbour(std::size_t router) {
  const std::size_t belief = around_.neighbour.belief(router);
  const bool known = belief < around_.hosts.size();
  if (!known && belief != Neighbour::stranger) return;
  const vrrp::Instance* believed =
      known ? &around_.hosts[belief].routers()[router].instance : nullptr;
  if (believed && believed->state() == vrrp::State::master && !believed->is_yielding() &&
      around_.hosts[belief].takes_part()) {
    return;
  }
  if (bad_weather()) return around_.neighbour.excuse(router);
  const std::size_t link = around_.plan.link_of[router];
  for (const Host& host : around_.hosts) {
    if (host.index() == belief || host.routers()[router].kernel.empty()) continue;
    // Who crashes, or has no address to send from, tells nobody that it was there.
    const bool mute = known && (!around_.hosts[belief].running() ||
                                around_.hosts[belief].routers()[router].truth.sourceless > 0 ||
                                !around_.network.reaches(link, belief, host.index()));
    if (host.frozen() || mute) {
      around_.neighbour.excuse(router);
    }
  }
}

void Judges::judge_neighbour(std::size_t router) {
  const std::size_t link = around_.plan.link_of[router];
  const std::size_t station = around_.network.neighbour();
  if (around_.strangers[router] > 0) return;
  for (const HostSet set : clean_sets(router)) {
    const HostSet holding = holders(router, set);
    if (std::popcount(holding) != 1) continue;
    // Where several sets hold, the neighbour may be of either side.
    const auto holder = static_cast<std::size_t>(std::countr_zero(holding));
    if (holders(router, ~HostSet{0}) != holding) continue;
    if (!around_.network.reaches(link, holder, station)) continue;
    if (around_.neighbour.missed(router, holder)) continue;
    if (around_.neighbour.excused(router)) continue;
    judged(Checker::neighbours);
    const std::size_t belief = around_.neighbour.belief(router);
    if (belief == holder) continue;
    complain(Checker::neighbours,
             fmt::format("host {} holds VI_{}, but the neighbour believes {}", holder, router + 1,
                         belief == Neighbour::stranger ? "a stranger"
                         : belief == Neighbour::nobody ? "nobody"
                                                       : fmt::format("host {}", belief)));
  }
}

// -- planned stop --

void Judges::before_planned_stop(const Host& host) {
  for (std::size_t router = 0; router < around_.plan.routers; ++router) {
    handovers_[router].until = {};
    if (!settled() || !host.takes_part() || !host.holds(router)) continue;
    // With version 3 a successor waits for up to an interval; the patience of who stops is bounded.
    const vrrp::Settings& settings = host.routers()[router].truth.settings;
    if (settings.version == 3 && settings.advert_interval > 2500ms) continue;
    if (around_.strangers[router] > 0) continue;
    if (around_.neighbour.belief(router) != host.index()) continue;
    for (const HostSet set : clean_sets(router)) {
      if (!in(set, host.index()) || healthy(router, set & ~(1u << host.index())) == 0) continue;
      bool heard = true;
      for (std::size_t i = 0; i < around_.plan.hosts; ++i) {
        heard &= !in(set, i) || around_.network.reaches(around_.plan.link_of[router], i,
                                                        around_.network.neighbour());
      }
      if (!heard || holders(router, ~HostSet{0}) != 1u << host.index()) continue;
      // Remembered until disturbed() has forgotten all others.
      handovers_[router].hosts = set;
      handovers_[router].until = around_.now + around_.plan.gap_max();
    }
  }
}

std::optional<std::size_t> Judges::successor_of(const Host& host) const {
  std::optional<std::size_t> best;
  for (const Host& other : around_.hosts) {
    bool able = other.index() != host.index() && other.takes_part();
    for (std::size_t router = 0; router < around_.plan.routers; ++router) {
      able = able && other.healthy(router) &&
             hear_each_other(router, host.index(), other.index()) && host.holds(router) &&
             !other.holds(router);
    }
    if (able && (!best || other.priority(0) > around_.hosts[*best].priority(0))) {
      best = other.index();
    }
  }
  return best;
}

void Judges::after_planned_stop(const Host&) {
  std::array<Handover, routers_max> begun = handovers_;
  disturbed();
  for (std::size_t router = 0; router < around_.plan.routers; ++router) {
    if (begun[router].until <= around_.now) continue;
    handovers_[router] = begun[router];
    judged(Checker::no_gap);
  }
}

void Judges::watch_handover(std::size_t router) {
  const Handover& watched = handovers_[router];
  if (watched.hosts == 0 || around_.now > watched.until) return;
  const HostSet holding = holders(router, watched.hosts);
  if (holding == 0) complain(Checker::no_gap, "a planned stop left the addresses on nobody");
  const std::size_t belief = around_.neighbour.belief(router);
  if (!in(holding, belief)) {
    ++around_.tally.misled;
    complain(
        Checker::no_gap,
        fmt::format("a planned stop left the neighbour with host {}, which does not hold", belief));
  }
}

}  // namespace baton::simulation
