// Judgements about fast detection with real packets of BFD.

#include <fmt/format.h>

#include <bit>

#include "simulation/checkers.h"

namespace baton::simulation {

namespace {

// Packets may be as far apart as the interval; a session that has just been told of another
// interval needs some.
constexpr int patience_intervals = 4;

}  // namespace

bool Judges::is_audible(std::size_t from, std::size_t to, std::size_t router) const {
  const Host& speaker = around_.hosts[from];
  return speaker.running() && speaker.awake() && around_.bfd_cuts[from][to] == 0 &&
         around_.network.reaches(around_.plan.link_of[router], from, to);
}

// All has settled: every backup follows the holder.
void Judges::expect_vigilance(std::size_t router, HostSet set) {
  const HostSet holding = holders(router, set);
  if (std::popcount(holding) != 1) return;
  const auto master = static_cast<std::size_t>(std::countr_zero(holding));
  const std::size_t link = around_.plan.link_of[router];
  for (std::size_t host = 0; host < around_.hosts.size(); ++host) {
    vigils_[host][router] = {};
    if (host == master || !in(set, host) || !around_.hosts[host].bfd()) continue;
    const bool backs_up =
        around_.hosts[host].routers()[router].instance.state() == vrrp::State::backup;
    if (!backs_up || !is_audible(master, host, router) || !is_audible(host, master, router)) {
      continue;
    }
    judged(Checker::vigilance);
    if (!around_.hosts[host].bfd()->follows(around_.plan.address_of(host, link),
                                            around_.plan.address_of(master, link))) {
      complain(Checker::vigilance,
               fmt::format("settled, but host {} has no session with the master, host {}", host,
                           master));
    }
    vigils_[host][router] = {true, false, master};
  }
}

// The world has changed: who should notice something?
void Judges::review_vigilance() {
  if (!around_.plan.watch.enabled) return;
  for (std::size_t host = 0; host < around_.hosts.size(); ++host) {
    for (std::size_t router = 0; router < around_.plan.routers; ++router) {
      Vigil& vigil = vigils_[host][router];
      if (!vigil.on) continue;
      // Only the first silence after all had settled: later there may be another master.
      const bool silent = !is_audible(vigil.master, host, router);
      if (!around_.hosts[host].takes_part() || (vigil.silent && !silent)) vigil.on = false;
      if (!silent || vigil.silent) continue;
      vigil.silent = true;
      Item item;
      item.at = around_.now + around_.plan.silence() * 11 / 10 +
                patience_intervals * around_.plan.watch.interval;
      item.kind = Item::Kind::judge;
      item.host = static_cast<std::uint8_t>(host);
      item.router = static_cast<std::uint8_t>(router);
      item.number = disturbances_;
      item.part = static_cast<std::uint32_t>(Checker::vigilance);
      around_.agenda.add(item);
    }
  }
}

void Judges::judge_vigilance(const Item& item) {
  const Vigil& vigil = vigils_[item.host][item.router];
  const Host& host = around_.hosts[item.host];
  if (!vigil.on || !vigil.silent || item.number != disturbances_ || !host.bfd()) return;
  const std::size_t link = around_.plan.link_of[item.router];
  judged(Checker::vigilance);
  if (!host.bfd()->follows(around_.plan.address_of(item.host, link),
                           around_.plan.address_of(vigil.master, link))) {
    return;
  }
  complain(Checker::vigilance, fmt::format("host {} has not noticed that host {} fell silent",
                                           item.host, vigil.master));
}

// What nothing has disturbed for longer than a session may be silent is no silence.
void Judges::session_lost(const Host& host, const bfd::TableEntry& entry) {
  judged(Checker::false_alarm);
  // A session that only one side believes to be up is as slow as one that is not.
  const Duration idle = bfd::SessionSettings{}.idle_tx;
  const Duration lately = around_.plan.watch.multiplier * (idle + around_.plan.watch.interval) + 2s;
  if (bad_weather() || around_.now < clears_at_ + lately) return;
  if (around_.now - disturbed_at_ < lately) return;
  for (const Host& other : around_.hosts) {
    for (const auto& router : other.routers()) {
      if (around_.plan.address_of(other.index(), router.link) != entry.path.remote) continue;
      if (!is_audible(other.index(), host.index(), router.index)) return;
      if (!is_audible(host.index(), other.index(), router.index)) return;
    }
  }
  complain(Checker::false_alarm,
           fmt::format("host {} lost its session with {}, which lives and can be heard",
                       host.index(), entry.path.remote.text()));
}

}  // namespace baton::simulation
