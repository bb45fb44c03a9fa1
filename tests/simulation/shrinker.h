// Makes a failing script short: leaves faults out, shortens them and the time between them, takes
// hosts and clocks away, as long as the same checker goes on complaining. A script is a list and
// playing it costs milliseconds, so all that is clever here is the order of trying.
#pragma once

#include <optional>
#include <string>

#include "simulation/mutants.h"
#include "simulation/script.h"

namespace baton::simulation {

struct Shrunk {
  Script script;
  Complaint complaint;
  unsigned attempts = 0;
};

// `complaint` is what `script` ends with; at most `attempts_max` shorter ones are played.
// `mutant` makes a machine for each of them; none: the shipped one.
Shrunk shrink(const Script& script, const Complaint& complaint, const MutantKind* mutant,
              unsigned attempts_max = 2000);

// Plays `script` once.
std::optional<Complaint> play(const Script& script, const MutantKind* mutant,
                              std::string* chronicle = nullptr);

}  // namespace baton::simulation
