// The checkers by name, and what a checker has to say when it is not satisfied.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/time.h"

namespace baton::simulation {

enum class Checker : std::uint8_t {
  one_holder,    // of a connected set at most one node holds an address, but for moments
  some_holder,   // of a connected set with a healthy node one holds it, after a bounded time
  right_master,  // after settling: the one that the rules of election name, and it alone
  calm,          // after settling nobody changes state
  kernel,        // the addresses on the interface are those that the machine means to hold
  notices,       // every change of state is notified, once, in order
  fault_out,     // who has a fault is in FAULT and holds nothing
  sync_group,    // members are master together, in FAULT together; the group's notices are right
  no_gap,        // a planned stop leaves no moment without the addresses, as neighbours see it
  stops,         // ... and comes to an end
  neighbours,    // after settling the segment's neighbour believes the holder
  advert_rate,   // after settling the holder sends its adverts on the beat, and nobody else does
  hostile,       // a hostile advert changes nothing
  reload,        // reloading an unchanged file is invisible
  sleeper,       // who slept too long does not go on as the master
  detection,     // whom fast detection has told of a silent master takes over at once
  progress,      // time goes on
  false_alarm,   // BFD takes nobody for dead who lives and can be heard
  vigilance,     // after settling BFD watches the master, and notices when it falls silent
  second_path,   // nobody takes over from a master that the second path tells of; of two one goes
  witness,       // nobody takes over who cannot reach the witness
  leftovers,     // rules and kept addresses of a handover go when it is over, and can go
  silence,       // who keeps an address does not answer for it; who holds it does
  connections,   // a handover between two keeps what is established
  answers,       // an operator's pass comes to an end, and what is told of it is true
};
inline constexpr std::size_t checker_count = 25;
const char* name_of(Checker checker);

struct Complaint {
  Checker checker = Checker::progress;
  Instant at{};
  std::string text;
};

}  // namespace baton::simulation
