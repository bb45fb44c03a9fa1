// Judgements about who holds the addresses once all has settled, and about fast detection.

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "simulation/checkers.h"

namespace baton::simulation {

void Judges::judge_settled(std::size_t router) {
  for (const HostSet set : clean_sets(router)) {
    judge_set(router, set);
    if (around_.plan.watch.enabled) expect_vigilance(router, set);
    if (around_.plan.detection == 0s) continue;
    const HostSet holding = holders(router, set);
    for (std::size_t host = 0; host < around_.hosts.size(); ++host) {
      if (!in(set & ~holding, host) || std::popcount(holding) != 1) continue;
      fast_detection_.watch(host, router, static_cast<std::size_t>(std::countr_zero(holding)));
    }
  }
}

void Judges::session_silent(const Item& item) {
  if (fast_detection_.expire(item)) master_lost(around_.hosts[item.host], item.router);
}

void Judges::master_lost(const Host& host, std::size_t router) {
  ++around_.tally.masters_lost;
  // What was told before the last disturbance was of another silence.
  if (std::exchange(told_in_, disturbances_) != disturbances_) told_ = {};
  told_[router] |= 1u << host.index();
  told_at_ = around_.now;
  if (bad_weather()) return;
  // An advert that came after the session's last packet is a sign of life, too.
  ask_again(router, Checker::detection, detection_longest(), disturbances_);
}

// When all who could were told, and nothing else has happened since then, one of them holds.
void Judges::judge_detection(std::size_t router, std::uint32_t disturbance) {
  const Instant due = told_at_ + detection_longest();
  if (disturbance != disturbances_ || around_.now < due) return;
  for (const HostSet set : clean_sets(router)) {
    const HostSet able = healthy(router, set);
    HostSet told = told_[router];
    // A group takes over when all its members have lost their masters.
    for (const HostSet members : told_) told &= around_.plan.grouped ? members : told;
    if (able == 0 || (able & ~told) != 0) continue;
    judged(Checker::detection);
    if (holders(router, set) != 0) continue;
    complain(Checker::detection,
             fmt::format("VI_{} has no holder, and all who could hold it were told", router + 1));
  }
}

void Judges::judge_set(std::size_t router, HostSet set) {
  const HostSet able = healthy(router, set);
  const HostSet holding = holders(router, set);
  judged(Checker::fault_out);
  for (const Host& host : around_.hosts) {
    if (!in(set & ~able, host.index())) continue;
    if (host.routers()[router].instance.state() == vrrp::State::fault) continue;
    complain(Checker::fault_out,
             fmt::format("host {} has a fault and is not in FAULT", host.index()));
  }
  if (holding & ~able) complain(Checker::fault_out, "a host with a fault holds addresses");
  if (able == 0) return;
  judged(Checker::one_holder);
  judged(Checker::some_holder);
  if (holding == 0) return complain(Checker::some_holder, "settled, and nobody holds");
  if (std::popcount(holding) > 1) return complain(Checker::one_holder, "settled, and two hold");
  judge_master(router, set, static_cast<std::size_t>(std::countr_zero(holding)));
}

// Among equal priorities whoever is master stays it: none of them preempts.
void Judges::judge_master(std::size_t router, HostSet set, std::size_t holder) {
  judged(Checker::right_master);
  const HostSet able = healthy(router, set);
  int best = 0;
  bool any_preempts = true;
  for (const Host& host : around_.hosts) {
    if (!in(able, host.index())) continue;
    best = std::max(best, host.priority(router));
    any_preempts &= !host.routers()[router].truth.settings.nopreempt &&
                    std::ranges::none_of(host.routers(),
                                         [](const auto& one) { return one.instance.has_passed(); });
    const bool masters = host.routers()[router].instance.state() == vrrp::State::master;
    if (masters != (host.index() == holder)) {
      complain(Checker::right_master,
               fmt::format("host {} is {}master and does {}hold", host.index(),
                           masters ? "" : "not ", masters ? "not " : ""));
    }
  }
  if (any_preempts && around_.hosts[holder].priority(router) != best) {
    complain(Checker::right_master, fmt::format("host {} holds VI_{}, but {} is the best priority",
                                                holder, router + 1, best));
  }
  if (set != able) return;
  Beat& beat = beats_[router];
  if (beat.since != never) return;  // one clean set of a link is enough
  beat.since = around_.now;
  beat.holder = holder;
  for (const Host& host : around_.hosts) {
    beat.adverts[host.index()] =
        in(set, host.index()) ? host.routers()[router].adverts : UINT64_MAX;
  }
}

}  // namespace baton::simulation
