// Judgements about elections, in time; those about single machines are in machine_checkers.cc.

#include "simulation/checkers.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace baton::simulation {

namespace {

constexpr std::array<const char*, checker_count> names{
    "one_holder", "some_holder", "right_master", "calm",      "kernel",     "notices",
    "fault_out",  "sync_group",  "no_gap",       "stops",     "neighbours", "advert_rate",
    "hostile",    "reload",      "sleeper",      "detection", "progress"};

// The second announcement after a conflict or a takeover comes that much later.
constexpr Duration announcement_patience = 6s;

}  // namespace

const char* name_of(Checker checker) {
  return names[static_cast<std::size_t>(checker)];
}

Judges::Judges(Surroundings& around) : around_(around) {}

void Judges::complain(Checker checker, std::string what) {
  if (complaint_) return;
  complaint_ = Complaint{checker, around_.now, what + picture()};
}

std::string Judges::picture() const {
  std::string text;
  for (const Host& host : around_.hosts) {
    const char* life = !host.running()   ? "is down"
                       : !host.awake()   ? "is asleep"
                       : host.stopping() ? "stops"
                                         : "runs";
    for (const auto& router : host.routers()) {
      text += fmt::format("\n    host {} VI_{} {}, priority {}, {}{}{} ({})", host.index(),
                          router.index + 1, life, router.instance.effective_priority(),
                          vrrp::name_of(router.instance.state()),
                          host.holds(router.index) ? ", holds" : "",
                          host.healthy(router.index) ? "" : ", ill", router.instance.reason());
    }
  }
  return text;
}

// -- sets of hosts --

bool Judges::hear_each_other(std::size_t router, std::size_t a, std::size_t b) const {
  const Network& network = around_.network;
  // Of a group all links count: its members decide together.
  for (std::size_t link = 0; link < around_.plan.links; ++link) {
    if (!around_.plan.grouped && link != around_.plan.link_of[router]) continue;
    if (!network.reaches(link, a, b) || !network.reaches(link, b, a)) return false;
  }
  return true;
}

bool Judges::are_joined(std::size_t router, std::size_t a, std::size_t b) const {
  const Network& network = around_.network;
  for (std::size_t link = 0; link < around_.plan.links; ++link) {
    if (!around_.plan.grouped && link != around_.plan.link_of[router]) continue;
    if (network.reaches(link, a, b) || network.reaches(link, b, a)) return true;
  }
  return false;
}

std::vector<Judges::HostSet> Judges::clean_sets(std::size_t router) const {
  HostSet left = 0;
  for (const Host& host : around_.hosts) {
    if (host.takes_part()) left |= 1u << host.index();
  }
  std::vector<HostSet> sets;
  while (left != 0) {
    HostSet set = left & -left;
    for (HostSet before = 0; before != set;) {
      before = set;
      for (std::size_t a = 0; a < hosts_max; ++a) {
        for (std::size_t b = 0; b < hosts_max; ++b) {
          if (in(set, a) && in(left, b) && are_joined(router, a, b)) set |= 1u << b;
        }
      }
    }
    left &= ~set;
    bool clean = true;
    for (std::size_t a = 0; a < hosts_max; ++a) {
      for (std::size_t b = 0; b < a; ++b) {
        if (in(set, a) && in(set, b) && !hear_each_other(router, a, b)) clean = false;
      }
    }
    if (clean) sets.push_back(set);
  }
  return sets;
}

Judges::HostSet Judges::holders(std::size_t router, HostSet among) const {
  HostSet set = 0;
  for (const Host& host : around_.hosts) {
    if (in(among, host.index()) && host.holds(router)) set |= 1u << host.index();
  }
  return set;
}

Judges::HostSet Judges::healthy(std::size_t router, HostSet among) const {
  HostSet set = 0;
  for (const Host& host : around_.hosts) {
    if (in(among, host.index()) && host.healthy(router)) set |= 1u << host.index();
  }
  return set;
}

// -- time --

void Judges::ask_again(std::size_t router, Checker checker, Duration in, std::uint32_t generation) {
  Item item;
  item.at = around_.now + in;
  item.kind = Item::Kind::judge;
  item.router = static_cast<std::uint8_t>(router);
  item.number = generation;
  item.part = static_cast<std::uint32_t>(checker);
  around_.agenda.add(item);
}

void Judges::disturbed() {
  for (std::size_t router = 0; router < around_.plan.routers; ++router) judge_beat(router);
  ++disturbances_;
  fast_detection_.review();
  const Duration wait = around_.plan.settle_time();
  settled_at_ = around_.now + wait;
  for (std::size_t router = 0; router < around_.plan.routers; ++router) {
    handovers_[router].hosts = 0;
    changed(router);
    ask_again(router, Checker::right_master, wait, disturbances_);
    ask_again(router, Checker::neighbours, wait + announcement_patience, disturbances_);
  }
}

void Judges::weather(int change) {
  noise_ = static_cast<unsigned>(static_cast<int>(noise_) + change);
  clears_at_ = around_.now + Network::slowest;
  disturbed();
}

// Whoever holds now: is that allowed for long?
void Judges::changed(std::size_t router) {
  ++generation_[router];
  watch_handover(router);
  excuse_neighbour(router);
  if (noise_ > 0) return;
  for (const HostSet set : clean_sets(router)) {
    const int count = std::popcount(holders(router, set));
    if (count > 1) {
      ++around_.tally.overlaps;
      ask_again(router, Checker::one_holder, around_.plan.overlap_max(), generation_[router]);
    } else if (count == 0 && healthy(router, set) != 0) {
      ++around_.tally.gaps;
      ask_again(router, Checker::some_holder, around_.plan.gap_max(), generation_[router]);
    }
  }
}

void Judges::due(const Item& item) {
  if (noise_ > 0) return;
  const auto checker = static_cast<Checker>(item.part);
  const bool about_change = checker == Checker::one_holder || checker == Checker::some_holder;
  if (checker == Checker::detection) return judge_detection(item.router, item.number);
  if (item.number != (about_change ? generation_[item.router] : disturbances_)) {
    if (about_change) judged(checker);
    return;
  }
  const int number = item.router + 1;
  if (checker == Checker::one_holder) {
    complain(checker, fmt::format("VI_{} has had two holders that hear each other for {} s", number,
                                  to_seconds(around_.plan.overlap_max())));
  } else if (checker == Checker::some_holder) {
    complain(checker, fmt::format("VI_{} has had no holder for {} s", number,
                                  to_seconds(around_.plan.gap_max())));
  } else if (checker == Checker::right_master) {
    judge_settled(item.router);
  } else {
    judge_neighbour(item.router);
  }
}

void Judges::judge_settled(std::size_t router) {
  for (const HostSet set : clean_sets(router)) {
    judge_set(router, set);
    if (around_.plan.detection == 0s) continue;
    const HostSet holding = holders(router, set);
    for (std::size_t host = 0; host < around_.hosts.size(); ++host) {
      if (!in(set & ~holding, host) || std::popcount(holding) != 1) continue;
      fast_detection_.watch(host, router, static_cast<std::size_t>(std::countr_zero(holding)));
    }
  }
}

void Judges::session_silent(const Item& item) {
  if (!fast_detection_.expire(item)) return;
  // What was told before the last disturbance was of another silence.
  if (std::exchange(told_in_, disturbances_) != disturbances_) told_ = {};
  told_[item.router] |= 1u << item.host;
  told_at_ = around_.now;
  if (bad_weather()) return;
  // An advert that came after the session's last packet is a sign of life, too.
  ask_again(item.router, Checker::detection, around_.plan.detection + FastDetection::patience,
            disturbances_);
}

// When all who could were told, and nothing else has happened since then, one of them holds.
void Judges::judge_detection(std::size_t router, std::uint32_t disturbance) {
  const Instant due = told_at_ + around_.plan.detection + FastDetection::patience;
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
