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
  static constexpr std::size_t giver_state_count = 5;

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
  // In worlds with more than VRRP: how many, and what was in them.
  std::uint64_t watched_worlds = 0;
  std::uint64_t guarded_worlds = 0;
  std::uint64_t paired_worlds = 0;
  std::uint64_t bfd_sent = 0;
  std::uint64_t bfd_heard = 0;
  std::uint64_t sessions_up = 0;
  std::uint64_t masters_lost = 0;  // told by BFD, and believed
  std::uint64_t reports = 0;       // on the second path
  std::uint64_t questions = 0;     // to a witness
  std::uint64_t pair_connections = 0;
  std::uint64_t pair_messages = 0;
  std::uint64_t pass_requests = 0;
  std::uint64_t refusals = 0;
  std::uint64_t handovers = 0;  // that came as far as addresses on the loopback
  std::uint64_t flows = 0;      // connections that were to survive one
  std::uint64_t forwarded = 0;  // their packets that went by way of the taker
  std::uint64_t relayed = 0;    // ... and of a third host
  std::uint64_t second_passes = 0;
  std::array<std::uint64_t, giver_state_count> ambushes{};  // by the state that the giver was in

  void add(const Tally& other);
  [[nodiscard]] double hours() const;
  [[nodiscard]] std::string text() const;
  // What is missing from a run of a reasonable length.
  [[nodiscard]] std::vector<std::string> missing() const;
};

}  // namespace baton::simulation
