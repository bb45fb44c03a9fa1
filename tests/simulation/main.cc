// The simulation: whole clusters of the shipped machines in virtual time.
//
//   baton_simulation                      1,000 hours from a new seed
//   baton_simulation --hours H --seed N   so many hours, from that seed on
//   baton_simulation --mutants ...        before that: does every checker catch its mutants?
//   baton_simulation --mutant NAME        does its checker catch that one?
//   baton_simulation SEED                 the world of that seed alone, told as a chronicle
//   baton_simulation --script FILE        a script that a failing run has printed
//
// How to read it, from the outside in:
//
//   plan.h       what a world is made of: hosts, links, virtual routers, settings, clocks
//   script.h     what happens to it: a list of timed faults, made from a seed, printed and read
//   world.h      plays a script: the next thing that is due, whatever it is
//   faults.cc    what each fault does;  advert_faults.cc: those that are made of packets;
//                company_faults.cc: those of BFD, pair link, second path and witness
//   node.h       a host: the shipped vrrp::Instance and vrrp::SyncGroup, and around them what the
//                failover process does (node_events.cc, node_guard.cc);  clock.h: its clock;
//                neighbour.h: whom the segment believes
//   bfd_node.h   its BFD sessions, packet by packet (fast_detection.h: worlds without packets)
//   pair_node.h  its handovers;  pair_net.h: the pair links;  packet_filter.h: its nft
//   network.h    packets under way
//   checkers.h   the judges, by topic in *_checkers.cc
//   mutants.h    wrong machines that prove the judges (*_mutants.cc);  mutant_trials.cc: the proof
//   shrinker.h   a failing script made short
//   tally.h      what a run contained, and what it must not lack
//
// A world is a pure function of its script, and the script one of its seed: whatever fails, fails
// again. To add a fault: script.h (a name), faults.cc (what it does). To add a judge: verdict.h (a
// name), checkers.h, and a mutant that it catches; the suite fails until both are there.

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <mutex>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "base/text.h"
#include "simulation/mutants.h"
#include "simulation/shrinker.h"
#include "simulation/world.h"

namespace baton::simulation {
namespace {

// Shorter runs need not have seen everything.
constexpr double complete_from_hours = 2000;

struct Options {
  std::uint64_t seed = 0;
  std::uint64_t hours = 1000;
  bool one_world = false;
  bool mutants = false;
  std::string mutant;  // one alone
  std::string script;  // a file
};

bool read_options(int count, char** words, Options& options) {
  options.seed = static_cast<std::uint64_t>(
      std::chrono::system_clock::now().time_since_epoch().count() / 1000 % 1'000'000'000'000);
  for (int i = 1; i < count; ++i) {
    const std::string_view name = words[i];
    if (name == "--mutants") {
      options.mutants = true;
      continue;
    }
    if (name == "--long") {
      options.hours = 1'000'000;
      continue;
    }
    if (const auto seed = parse_unsigned(name)) {
      options.seed = *seed;
      options.one_world = true;
      continue;
    }
    if (++i == count) return false;
    if (name == "--mutant") {
      options.mutant = words[i];
      continue;
    }
    if (name == "--script") {
      options.script = words[i];
      continue;
    }
    const auto value = parse_unsigned(words[i]);
    if (!value || (name != "--seed" && name != "--hours")) return false;
    (name == "--seed" ? options.seed : options.hours) = *value;
  }
  return true;
}

void tell_failure(const Script& script, const Complaint& complaint) {
  fmt::print("FAILED world {} at {:.6f} s: {}: {}\n", script.seed,
             to_seconds(complaint.at.time_since_epoch()), name_of(complaint.checker),
             complaint.text);
  const Shrunk shrunk = shrink(script, complaint, nullptr);
  std::string chronicle;
  play(shrunk.script, nullptr, &chronicle);
  fmt::print(
      "shrunk in {} attempts to {} faults (replay: baton_simulation --script FILE):\n\n{}\n"
      "{}\nat {:.6f} s: {}: {}\n",
      shrunk.attempts, shrunk.script.steps.size(), shrunk.script.text(), chronicle,
      to_seconds(shrunk.complaint.at.time_since_epoch()), name_of(shrunk.complaint.checker),
      shrunk.complaint.text);
}

// One world, told.
int tell_world(const Script& script) {
  fmt::print("{}\n{}\n", plan_of(script).text(), script.text());
  std::string chronicle;
  const auto complaint = play(script, nullptr, &chronicle);
  fmt::print("{}\n", chronicle);
  if (!complaint) {
    fmt::print("no complaint\n");
    return 0;
  }
  tell_failure(script, *complaint);
  return 1;
}

int tell_script(const std::string& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  const auto script = read_script(text.str());
  if (!stream || !script) {
    fmt::print(stderr, "{}: {}\n", file, stream ? describe(script.error()) : "cannot read it");
    return 2;
  }
  return tell_world(*script);
}

// Worlds of consecutive seeds, on all processors, until the hours are full or one fails.
class Run {
 public:
  explicit Run(const Options& options) : options_(options) {}

  int execute() {
    const auto begin = std::chrono::steady_clock::now();
    fmt::print("seed {}, {} virtual hours\n", options_.seed, options_.hours);
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::max(2u, std::thread::hardware_concurrency()); ++i) {
      threads.emplace_back([this] { work(); });
    }
    for (auto& thread : threads) thread.join();
    const double took =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    fmt::print("{}in {:.1f} s on {} threads\n", tally_.text(), took, threads.size());
    std::fflush(stdout);
    if (failed_) {
      tell_failure(*failed_, *complaint_);
      return 1;
    }
    if (tally_.hours() < complete_from_hours) return 0;
    const auto missing = tally_.missing();
    for (const auto& what : missing) fmt::print("FAILED: this run lacks: {}\n", what);
    return missing.empty() ? 0 : 1;
  }

 private:
  void work() {
    Tally tally;
    while (!done_) {
      const Script script = write_script(options_.seed + next_++);
      const double before = tally.hours();
      const auto complaint = World(script, tally, {}).run();
      const std::scoped_lock lock(mutex_);
      hours_ += tally.hours() - before;
      if (hours_ >= static_cast<double>(options_.hours)) done_ = true;
      if (!complaint || (failed_ && failed_->seed < script.seed)) continue;
      failed_ = script;
      complaint_ = complaint;
      done_ = true;
    }
    const std::scoped_lock lock(mutex_);
    tally_.add(tally);
  }

  const Options& options_;
  std::atomic<std::uint64_t> next_ = 0;
  std::atomic<bool> done_ = false;
  std::mutex mutex_;  // guards what follows
  double hours_ = 0;
  Tally tally_;
  std::optional<Script> failed_;
  std::optional<Complaint> complaint_;
};

}  // namespace
}  // namespace baton::simulation

int main(int count, char** words) {
  namespace simulation = baton::simulation;
  simulation::Options options;
  if (!simulation::read_options(count, words, options)) {
    fmt::print(stderr,
               "usage: baton_simulation [SEED | --script FILE | [--seed N] [--hours H | --long] "
               "[--mutants | --mutant NAME]]\n");
    return 2;
  }
  if (!options.script.empty()) return simulation::tell_script(options.script);
  if (options.one_world) return simulation::tell_world(simulation::write_script(options.seed));
  if (!options.mutant.empty()) {
    return simulation::prove_checkers(options.seed, options.mutant) ? 0 : 1;
  }
  const bool proven = !options.mutants || simulation::prove_checkers(options.seed, "");
  const int status = simulation::Run(options).execute();
  return proven ? status : 1;
}
