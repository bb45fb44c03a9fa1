// Mutants: machines that are wrong in one way each. A checker that no mutant falls foul of proves
// nothing; so every checker must catch the mutants that were made for it, and a mutant that
// survives fails the suite. A mutant stands between a host and its machines and drops, doubles or
// alters what goes in and what comes out; the shipped machine knows nothing of it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "failover/pair_frame.h"
#include "simulation/plan.h"
#include "simulation/verdict.h"
#include "vrrp/event.h"
#include "vrrp/instance.h"

namespace baton::simulation {

class Mutant {
 public:
  virtual ~Mutant() = default;

  // Before the machine is told; may change `event`. False: it is not told.
  virtual bool lets(const vrrp::Instance& instance, vrrp::Event& event);
  // After the machine has decided; may change what is done.
  virtual void alters(const vrrp::Instance& instance, const vrrp::Event& event,
                      vrrp::Actions& actions);
  // The settings that a machine is made with.
  virtual void settles(vrrp::Settings& settings);
  // BFD: whether a packet is sent; whether silence is looked for.
  virtual bool sends_bfd() { return true; }
  virtual bool watches_time() { return true; }
  // Handovers: whether a message is sent, time is kept, addresses leave the loopback, connections
  // are found; the commands for the packet filter; what an operator is told.
  virtual bool sends(failover::PairMessage, Instant) { return true; }
  virtual bool watches_handovers() { return true; }
  virtual bool cleans_up() { return true; }
  virtual bool lists_flows() { return true; }
  virtual void filters(std::string&) {}
  virtual void answers(bool&) {}
};

struct MutantKind {
  const char* name;
  const char* what;  // for people
  Checker caught_by;
  std::unique_ptr<Mutant> (*make)();
  // The worlds that have what it spoils; none: all.
  bool (*lives_in)(const Plan& plan) = nullptr;
};

// Each with the checker that must catch it: machine_mutants.cc, company_mutants.cc, and both.
const std::vector<MutantKind>& machine_mutants();
const std::vector<MutantKind>& company_mutants();
const std::vector<MutantKind>& mutant_kinds();

// Every mutant lives through worlds until its checker complains; true when all were caught. Tells
// on standard output. The first complaint of each is shrunk when `shrink` is wished.
// `only`: of that name alone; empty: all of them.
bool prove_checkers(std::uint64_t seed, std::string_view only);

}  // namespace baton::simulation
