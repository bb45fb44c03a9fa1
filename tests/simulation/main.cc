// Seeded simulation of small clusters: the shipped machines and the shipped codec on a segment
// that loses, delays, duplicates and is cut, with nodes that crash, pause, stop, return, change
// their configuration and are shot at with hostile adverts. Virtual time; every run prints its
// seed and replays from it.
//
//   baton_simulation [--seed N] [--hours H]     H: virtual hours, default 300
//
// A run is a sequence of worlds. Each world is a cluster with settings of its own that goes
// through episodes: one fault, some time, everything mended, time to settle. Judged are
//   1. after settling exactly one node is master, and stays it,
//   2. it is the one that the rules of election name, where they name one,
//   3. only the master's addresses are on an interface,
//   4. a hostile advert changes neither state nor timers,
//   5. a planned stop leaves no moment without the addresses on some node,
//   6. reloading unchanged settings sends nothing but adverts and announces nothing.
// Beside each runs a world with sync groups, which has judges of its own (grouped_world.h).

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "simulation/grouped_world.h"
#include "vrrp/timers.h"
#include "vrrp/virtual_segment.h"

namespace baton::vrrp {
namespace {

enum class Fault : std::uint8_t {
  crash,
  pause,
  planned_stop,
  partition,
  deaf_node,
  tracker,
  heavy_loss,
  hostile,
  reload,
  cold_start,
};
constexpr std::array fault_names{"crash",   "pause", "planned stop", "partition", "deaf node",
                                 "tracker", "loss",  "hostile",      "reload",    "cold start"};

struct Tally {
  std::array<std::uint64_t, fault_names.size()> faults{};
  std::uint64_t worlds = 0;
  std::uint64_t transitions = 0;
  std::uint64_t adverts = 0;
  std::uint64_t dual_masters = 0;  // episodes that had two masters for a while
};

class World {
 public:
  World(std::uint64_t seed, Tally& tally)
      : seed_(seed), segment_(seed), random_(seed ^ 0x5eed), tally_(tally) {
    segment_.keep_history = false;
    segment_.delay_max = std::chrono::microseconds(200 + random_.below(3000));
    make_settings();
    for (std::size_t i = 0; i < settings_.size(); ++i) {
      segment_.add(settings_[i], address_of(i));
    }
    for (std::size_t i = 0; i < settings_.size(); ++i) start(i);
    ++tally_.worlds;
  }

  // Runs until `end`; false, with why(), when a judge was not satisfied.
  bool run(Duration length) {
    const Instant end = segment_.now() + length;
    settle("start");
    while (ok() && segment_.now() < end) episode();
    for (std::size_t i = 0; i < segment_.size(); ++i) {
      tally_.adverts += segment_.node(i).adverts_sent;
    }
    return ok();
  }
  [[nodiscard]] const std::string& why() const { return why_; }

 private:
  static net::IpAddress address_of(std::size_t node) {
    return net::IpAddress::ipv4(10, 9, 0, static_cast<std::uint8_t>(node + 1));
  }
  [[nodiscard]] bool ok() const { return why_.empty(); }
  void complain(std::string what) {
    if (!ok()) return;
    why_ = fmt::format("world {} at {:.6f} s: {}", seed_,
                       to_seconds(segment_.now().time_since_epoch()), what);
    for (std::size_t i = 0; i < segment_.size(); ++i) {
      const VirtualNode& node = segment_.node(i);
      why_ += fmt::format("\n  {} {} priority {} {}{} ({})", node.address.text(),
                          node.running ? "runs" : "is down", node.instance.effective_priority(),
                          name_of(node.instance.state()), node.holds ? ", holds" : "",
                          node.instance.reason());
    }
  }

  void make_settings() {
    static constexpr std::array<Duration, 4> v3_intervals{10ms, 100ms, 500ms, 1s};
    const std::size_t nodes = 2 + random_.below(3);
    const bool version3 = random_.chance(3);
    const bool unicast = random_.chance(3);
    const bool equal = random_.chance(5);
    const bool nopreempt = random_.chance(4);
    Settings common;
    common.name = "VI";
    common.virtual_router_id = 51;
    common.version = version3 ? 3 : 2;
    common.advert_interval = version3 ? v3_intervals[random_.below(v3_intervals.size())]
                                      : std::chrono::seconds(1 + random_.below(2));
    common.addresses = {net::IpAddress::ipv4(10, 9, 0, 100)};
    if (!version3 && random_.chance(2)) {
      common.auth_type = auth_password;
      common.password = make_password("secret");
    }
    common.nopreempt = nopreempt;
    if (!nopreempt && random_.chance(5)) common.preempt_delay = 5s;
    common.trackers = {{"script chk", 0, false}};
    for (std::size_t i = 0; i < nodes; ++i) {
      Settings one = common;
      one.priority = static_cast<std::uint8_t>(equal ? 100 : 1 + random_.below(254));
      if (unicast) {
        for (std::size_t peer = 0; peer < nodes; ++peer) {
          if (peer != i) one.peers.push_back({address_of(peer), {}, {}});
        }
      }
      settings_.push_back(std::move(one));
    }
  }

  void start(std::size_t node) {
    segment_.start(node);
    segment_.tell(node, event::TrackerReported{0, Health::up, ""});
  }
  void restart(std::size_t node) {
    segment_.restart(node, settings_[node]);
    segment_.tell(node, event::TrackerReported{0, Health::up, ""});
  }
  std::size_t any_node() { return random_.below(segment_.size()); }
  Duration some_time(Duration most) {
    return Duration(
        static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most.count()))));
  }
  [[nodiscard]] Duration longest_wait() const {
    const Settings& one = settings_[0];
    return master_down_time(one.version, 1, one.advert_interval);
  }

  void episode() {
    const auto fault = static_cast<Fault>(random_.below(fault_names.size()));
    ++tally_.faults[static_cast<std::size_t>(fault)];
    const std::string_view name = fault_names[static_cast<std::size_t>(fault)];
    switch (fault) {
      case Fault::crash:
        crash();
        break;
      case Fault::pause:
        pause();
        break;
      case Fault::planned_stop:
        planned_stop();
        break;
      case Fault::partition:
        partition(false);
        break;
      case Fault::deaf_node:
        partition(true);
        break;
      case Fault::tracker:
        fail_tracker();
        break;
      case Fault::heavy_loss:
        lose();
        break;
      case Fault::hostile:
        shoot();
        break;
      case Fault::reload:
        reload();
        break;
      case Fault::cold_start:
        for (std::size_t i = 0; i < segment_.size(); ++i) segment_.crash(i);
        segment_.run_for(some_time(5s));
        for (std::size_t i = 0; i < segment_.size(); ++i) {
          restart(i);
          segment_.run_for(some_time(2s));
        }
        break;
    }
    if (segment_.count(State::master) > 1) ++tally_.dual_masters;
    settle(name);
  }

  void crash() {
    const std::size_t victim = any_node();
    segment_.crash(victim);
    segment_.run_for(some_time(3 * longest_wait()));
    restart(victim);
  }

  void pause() {
    const std::size_t victim = any_node();
    segment_.pause(victim);
    segment_.run_for(some_time(3 * longest_wait()));
    segment_.resume(victim);
  }

  // Connected, nothing lost: some node must hold the addresses at every moment.
  void planned_stop() {
    std::size_t victim = any_node();
    for (std::size_t i = 0; i < segment_.size(); ++i) {
      if (segment_.node(i).instance.state() == State::master) victim = i;
    }
    bool gap = false;
    segment_.observe = [&] { gap |= holders() == 0; };
    segment_.tell(victim, event::Stop{true});
    segment_.run_for(longest_wait() + 300ms);
    segment_.observe = [] {};
    if (gap) complain("planned stop left the addresses on nobody");
    if (segment_.node(victim).instance.state() != State::stopped) complain("does not stop");
    segment_.crash(victim);
    restart(victim);
  }

  // Cut in two, or one node that is heard and does not hear.
  void partition(bool one_way) {
    const std::size_t cut = any_node();
    for (std::size_t i = 0; i < segment_.size(); ++i) {
      if (i == cut) continue;
      segment_.set_reach(i, cut, false);
      if (!one_way) segment_.set_reach(cut, i, false);
    }
    segment_.run_for(some_time(4 * longest_wait()));
    for (std::size_t i = 0; i < segment_.size(); ++i) segment_.set_link(i, cut, true);
  }

  void fail_tracker() {
    const std::size_t victim = any_node();
    segment_.tell(victim, event::TrackerReported{0, Health::down, "exited with status 1"});
    if (segment_.node(victim).holds) complain("holds addresses in FAULT");
    segment_.run_for(some_time(3 * longest_wait()));
    segment_.tell(victim, event::TrackerReported{0, Health::up, ""});
  }

  void lose() {
    segment_.loss_per_mille = static_cast<std::uint32_t>(random_.below(600));
    segment_.duplicates_per_mille = static_cast<std::uint32_t>(random_.below(200));
    segment_.reorders = true;
    segment_.run_for(some_time(10 * longest_wait()));
    segment_.reorders = false;
    segment_.loss_per_mille = segment_.duplicates_per_mille = 0;
  }

  // Adverts that a stranger made: cut, flipped, or from another configuration.
  void shoot() {
    const std::size_t victim = any_node();
    Settings stranger = settings_[0];
    const auto source = net::IpAddress::ipv4(10, 9, 0, 200);
    const bool unicast = !stranger.peers.empty();
    const auto destination = unicast ? address_of(victim) : multicast_group(net::Family::ipv4);
    const Instance sender(stranger);
    const auto message = build_message(sender.make_advert(254), source, destination);
    const auto good = build_ipv4_packet(message, source, destination, 7);
    for (int i = 0; i < 50; ++i) {
      auto bad = good;
      if (random_.chance(2)) {
        bad.resize(random_.below(bad.size()));
      } else {
        bad[random_.below(bad.size())] ^= static_cast<std::uint8_t>(1u << random_.below(8));
      }
      const Instance& instance = segment_.node(victim).instance;
      const State state = instance.state();
      const Instant deadline = instance.deadline();
      segment_.inject(victim, bad);
      if (instance.state() != state || instance.deadline() != deadline) {
        complain("a hostile advert had an effect");
        return;
      }
      segment_.run_for(some_time(20ms));
    }
  }

  void reload() {
    const std::size_t node = any_node();
    const State state = segment_.node(node).instance.state();
    if (random_.chance(2)) {
      Settings changed = settings_[node];
      changed.priority = static_cast<std::uint8_t>(1 + random_.below(254));
      settings_[node] = changed;
      segment_.tell(node, event::Reconfigured{changed});
      return;
    }
    const auto announced = segment_.node(node).frames_announced;
    segment_.tell(node, event::Reconfigured{settings_[node]});
    if (segment_.node(node).instance.state() != state) complain("a reload changed the state");
    if (segment_.node(node).frames_announced != announced) complain("a reload announced");
  }

  [[nodiscard]] std::size_t holders() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < segment_.size(); ++i) count += segment_.node(i).holds;
    return count;
  }

  // Everything is mended: time to elect, then a calm that nothing may disturb.
  void settle(std::string_view after) {
    const Duration delay = settings_[0].preempt_delay;
    segment_.run_for(3 * longest_wait() + 2 * delay + 5s);
    if (!ok()) return;
    const std::uint64_t before = total_transitions();
    bool disturbed = false;
    segment_.observe = [&] { disturbed |= segment_.count(State::master) != 1 || holders() != 1; };
    segment_.run_for(2 * longest_wait() + some_time(60s));
    segment_.observe = [] {};
    if (disturbed) complain(fmt::format("after {}: not exactly one master and holder", after));
    if (total_transitions() != before) complain(fmt::format("after {}: no calm", after));
    if (!settings_[0].nopreempt && !best_is_master()) {
      complain(fmt::format("after {}: the wrong node is master", after));
    }
    tally_.transitions += before;
  }

  std::uint64_t total_transitions() {
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < segment_.size(); ++i) {
      const Counters& counters = segment_.node(i).instance.counters();
      total += counters.became_master + counters.released_master;
    }
    return total;
  }

  // Among equal priorities whoever is master stays it: none of them preempts.
  bool best_is_master() {
    std::uint8_t best = 0;
    std::uint8_t master = 0;
    for (std::size_t i = 0; i < segment_.size(); ++i) {
      const Instance& instance = segment_.node(i).instance;
      best = std::max(best, instance.effective_priority());
      if (instance.state() == State::master) master = instance.effective_priority();
    }
    return master == best;
  }

  std::uint64_t seed_;
  VirtualSegment segment_;
  Random random_;
  Tally& tally_;
  std::vector<Settings> settings_;
  std::string why_;
};

struct Options {
  std::uint64_t seed = 0;
  std::uint64_t hours = 300;
};

bool read_options(int count, char** words, Options& options) {
  options.seed = static_cast<std::uint64_t>(
      std::chrono::system_clock::now().time_since_epoch().count() / 1000);
  for (int i = 1; i < count; i += 2) {
    const std::string_view name = words[i];
    const auto value = i + 1 < count ? parse_unsigned(words[i + 1]) : std::nullopt;
    if (!value || (name != "--seed" && name != "--hours")) return false;
    (name == "--seed" ? options.seed : options.hours) = *value;
  }
  return true;
}

int simulate(const Options& options) {
  constexpr Duration world_length = std::chrono::hours(1);
  fmt::print("seed {} hours {}\n", options.seed, options.hours);
  Tally tally;
  for (std::uint64_t hour = 0; hour < options.hours; ++hour) {
    World world(options.seed + hour, tally);
    std::string why = world.run(world_length) ? "" : world.why();
    if (why.empty()) why = run_grouped_world(options.seed + hour, world_length);
    if (why.empty()) continue;
    fmt::print("FAILED {}\nreplay: baton_simulation --seed {} --hours 1\n", why,
               options.seed + hour);
    return 1;
  }
  fmt::print("{} worlds, {} adverts, {} episodes with two masters for a while\n", tally.worlds,
             tally.adverts, tally.dual_masters);
  bool complete = true;
  for (std::size_t i = 0; i < fault_names.size(); ++i) {
    fmt::print("  {:<13} {}\n", fault_names[i], tally.faults[i]);
    complete &= tally.faults[i] > 0 || options.hours < 10;
  }
  if (!complete) fmt::print("FAILED: a kind of fault never happened\n");
  return complete ? 0 : 1;
}

}  // namespace
}  // namespace baton::vrrp

int main(int count, char** words) {
  baton::vrrp::Options options;
  if (!baton::vrrp::read_options(count, words, options)) {
    fmt::print(stderr, "usage: baton_simulation [--seed N] [--hours H]\n");
    return 2;
  }
  return baton::vrrp::simulate(options);
}
