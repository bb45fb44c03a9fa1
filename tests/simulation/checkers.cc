// What judges have in common: sets of hosts, disturbances, and when to look. The judgements are in
// election_checkers.cc, segment_checkers.cc, machine_checkers.cc, watch_checkers.cc (BFD),
// guard_checkers.cc (second path, witness) and pair_checkers.cc (handovers).

#include "simulation/checkers.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace baton::simulation {

namespace {

constexpr std::array<const char*, checker_count> names{
    "one_holder", "some_holder", "right_master", "calm",        "kernel",
    "notices",    "fault_out",   "sync_group",   "no_gap",      "stops",
    "neighbours", "advert_rate", "hostile",      "reload",      "sleeper",
    "detection",  "progress",    "false_alarm",  "vigilance",   "second_path",
    "witness",    "leftovers",   "silence",      "connections", "answers"};

// The second announcement after a conflict or a takeover comes that much later.
constexpr Duration announcement_patience = 6s;

}  // namespace

const char* name_of(Checker checker) {
  return names[static_cast<std::size_t>(checker)];
}

Judges::Judges(Surroundings& around) : around_(around) {
  dark_since_.fill(never);
  for (auto& host : master_since_) host.fill(never);
  for (auto& host : wrong_since_) host.fill(never);
}

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
  // Who hears of a master on the second path keeps still.
  return around_.plan.guard().second_path && (network.reaches(Network::second_path, a, b) ||
                                              network.reaches(Network::second_path, b, a));
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
      if (in(set, a) && around_.plan.guard().witness && around_.witness_dark[a] > 0) clean = false;
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
  if (around_.pairs) around_.pairs->review();
  note_facts();
  review_vigilance();
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
  watch_rivals(router);
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
  const bool about_change = checker == Checker::one_holder || checker == Checker::some_holder ||
                            checker == Checker::second_path;
  if (checker == Checker::detection) return judge_detection(item.router, item.number);
  if (checker == Checker::vigilance) return judge_vigilance(item);
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
  } else if (checker == Checker::second_path) {
    complain(checker, fmt::format("VI_{} has had two masters that the second path tells of each "
                                  "other for too long",
                                  number));
  } else if (checker == Checker::right_master) {
    judge_settled(item.router);
  } else {
    judge_neighbour(item.router);
  }
}

}  // namespace baton::simulation
