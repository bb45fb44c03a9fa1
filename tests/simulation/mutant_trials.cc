// The proof that each mutant is caught by the checker that it was made for.

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <string_view>
#include <thread>

#include "simulation/mutants.h"
#include "simulation/shrinker.h"

namespace baton::simulation {

namespace {

// What became of one mutant.
struct Trial {
  bool passed = false;
  std::string line;
};

Trial try_mutant(const MutantKind& kind, std::uint64_t seed) {
  constexpr std::uint64_t worlds_max = 6000;
  constexpr unsigned attempts_max = 150;
  Trial trial;
  trial.line = fmt::format("  {:<17} {:<42} {:<13}", kind.name, kind.what, name_of(kind.caught_by));
  std::string others;
  for (std::uint64_t i = 0; i < worlds_max; ++i) {
    if (kind.lives_in && !kind.lives_in(make_plan(seed + i))) continue;
    const Script script = write_script(seed + i);
    const auto complaint = play(script, &kind);
    if (!complaint) continue;
    if (complaint->checker != kind.caught_by) {
      const std::string_view other = name_of(complaint->checker);
      if (others.find(other) == std::string::npos) others += fmt::format(" {}", other);
      continue;
    }
    const Shrunk shrunk = shrink(script, *complaint, &kind, attempts_max);
    // What was shrunk must fail in the same way when it is read again.
    const auto again = read_script(shrunk.script.text());
    const auto replayed = again ? play(*again, &kind) : std::nullopt;
    trial.passed =
        replayed && replayed->checker == kind.caught_by && replayed->at - shrunk.complaint.at < 1ms;
    trial.line +=
        fmt::format(" world {:>3}, {:>2} faults shrunk to {}{}", i + 1, script.steps.size(),
                    shrunk.script.steps.size(), trial.passed ? "" : " THAT DO NOT REPLAY");
    return trial;
  }
  trial.line += fmt::format(" SURVIVED (caught by:{})", others.empty() ? " nobody" : others);
  return trial;
}

}  // namespace

bool prove_checkers(std::uint64_t seed) {
  const auto& kinds = mutant_kinds();
  std::vector<Trial> trials(kinds.size());
  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(2u, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&] {
      for (std::size_t kind = next++; kind < kinds.size(); kind = next++) {
        trials[kind] = try_mutant(kinds[kind], seed);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  bool all = true;
  std::array<bool, checker_count> proven{};
  fmt::print("mutants, each caught by the checker that it was made for:\n");
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    fmt::print("{}\n", trials[i].line);
    all &= trials[i].passed;
    proven[static_cast<std::size_t>(kinds[i].caught_by)] = true;
  }
  for (std::size_t i = 0; i < checker_count; ++i) {
    if (proven[i]) continue;
    fmt::print("FAILED: no mutant proves the checker {}\n", name_of(static_cast<Checker>(i)));
    all = false;
  }
  std::fflush(stdout);
  return all;
}

}  // namespace baton::simulation
