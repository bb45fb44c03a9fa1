// A run as a list of timed faults. It is made from a seed first (write_script) and played then
// (world.h); as text it can be printed, read, edited and played again. Shrinking (shrinker.h) is
// nothing but trying shorter lists.
//
//   world 4711 hosts 3 drift yes
//   at 12.500000000 crash host 1 other 0 for 3.250000000 amount 99
//   end 80.000000000
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "simulation/plan.h"

namespace baton::simulation {

enum class Fault : std::uint8_t {
  crash,             // a process dies; after a time it is started again
  cold_start,        // all die, and come back one after the other
  pause,             // SIGSTOP: packets queue up, time passes it by
  freeze,            // a virtual machine stands still: its clock too, packets are lost
  clock_jump,        // a clock leaps ahead
  stop,              // a planned stop, which must leave no gap
  pass,              // an operator hands the addresses on: no gap either
  stop_now,          // a stop that does not wait for a successor
  partition,         // some hosts here, some there
  deaf,              // one host is heard and does not hear
  mute,              // one host hears and is not heard
  silent_switch,     // one of two links is dead, which no host sees
  loss,              // packets disappear, are doubled and overtake each other
  slow_network,      // packets take most of an interval
  script_fails,      // a tracker without weight
  weight_changes,    // a tracker with one
  link_down,         // a link of a host, which it sees
  source_lost,       // the address that adverts are sent from
  hostile,           // adverts cut short, with flipped bits, for another configuration
  replay,            // genuine adverts once more
  stranger,          // somebody without VRRP claims the address
  reload_same,       // the unchanged file
  reload_priority,   // another priority on one host
  reload_addresses,  // other addresses, host after host
  reload_interval,   // another advert interval, host after host
  bfd_loss,          // packets of BFD alone are lost, one way or both
  second_cut,        // the second heartbeat path of a host, one way or both
  witness_dark,      // a witness that some host or none reaches
  island,            // a host loses all its links at once, and none of them goes down
  pair_cut,          // nothing passes on the pair links of a host, one way or both
  pair_break,        // the pair links of a host are reset
  filter_refuses,    // a kernel does not take packet rules
  ambush,            // a handover, in the middle of which a node or the link is lost
};
inline constexpr std::size_t fault_count = 33;
const char* name_of(Fault fault);

struct Step {
  Instant at{};
  Fault fault = Fault::crash;
  std::size_t host = 0;      // whom it hits; for a partition a set of bits
  std::size_t other = 0;     // a link or a router
  Duration length{};         // until it is undone
  std::uint64_t amount = 0;  // how much of it, and the seed of what is random in it

  friend bool operator==(const Step&, const Step&) = default;
};

struct Script {
  std::uint64_t seed = 0;
  std::size_t hosts = hosts_max;  // hosts beyond are left out
  bool drift = true;              // false: all clocks run alike
  std::vector<Step> steps;        // by time
  Instant end{};

  [[nodiscard]] std::string text() const;
  friend bool operator==(const Script&, const Script&) = default;
};

// The plan of the script's seed, with what the script leaves out.
Plan plan_of(const Script& script);
// Bursts of faults, each followed by enough calm for judgement.
Script write_script(std::uint64_t seed);
Result<Script> read_script(std::string_view text);

}  // namespace baton::simulation
