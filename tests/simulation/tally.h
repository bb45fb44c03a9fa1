// What a run contained, to be said honestly at its end, and what it must have contained to be
// worth anything: a kind of fault, a transition or a judgement that never happened is a failure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "simulation/plan.h"
#include "simulation/script.h"
#include "simulation/verdict.h"
#include "vrrp/event.h"
#include "vrrp/receive.h"

namespace baton::simulation {

struct Tally {
  static constexpr std::size_t state_count = 5;

  std::array<std::uint64_t, pace_count> worlds{};
  std::array<Duration, pace_count> time{};
  std::array<std::uint64_t, hosts_max + 1> of_hosts{};
  std::array<std::uint64_t, fault_count> faults{};  // that found something to break
  std::array<std::uint64_t, checker_count> judged{};
  std::array<std::array<std::uint64_t, state_count>, state_count> transitions{};
  std::array<std::uint64_t, vrrp::reject_count> rejects{};
  std::uint64_t adverts = 0;
  std::uint64_t deliveries = 0;
  std::uint64_t lost = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t overtakings = 0;
  std::uint64_t decisions = 0;  // calls of handle()
  std::uint64_t group_commands = 0;
  std::uint64_t overlaps = 0;  // times that an address came to be held twice
  std::uint64_t gaps = 0;      // times that a connected set came to be without a holder
  std::uint64_t misled = 0;    // times that the neighbour believed a host without the address
  std::uint64_t announcements = 0;
  std::uint64_t claims = 0;
  std::uint64_t expiries = 0;  // addresses that the kernel dropped by itself

  void add(const Tally& other);
  [[nodiscard]] double hours() const;
  [[nodiscard]] std::string text() const;
  // What is missing from a run of a reasonable length.
  [[nodiscard]] std::vector<std::string> missing() const;
};

}  // namespace baton::simulation
