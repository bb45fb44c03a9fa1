// What is wrong in the company of the virtual routers: the second path, the witness, BFD,
// handovers.

#include "simulation/mutants.h"

namespace baton::simulation {

namespace {

using vrrp::Event;
using vrrp::Instance;
namespace event = vrrp::event;

// -- guards of a takeover --

struct DeafToSecondPath : Mutant {
  bool lets(const Instance&, Event& told) override {
    return !std::holds_alternative<event::PeerReported>(told);
  }
};

// Whoever asks is told what it wants to hear.
struct BribedWitness : Mutant {
  bool lets(const Instance&, Event& told) override {
    if (auto* answer = std::get_if<event::WitnessReported>(&told)) answer->reachable = true;
    return true;
  }
};

// -- BFD --

// Forgets to send for a while, now and then.
struct Drowsy : Mutant {
  bool sends_bfd() override { return ++packets_ % 400 >= 40; }
  unsigned packets_ = 0;
};

struct NeverMissesAnybody : Mutant {
  bool watches_time() override { return false; }
};

struct SpeaksNoBfd : Mutant {
  bool sends_bfd() override { return false; }
};

// -- handovers --

struct ForgetsTime : Mutant {
  bool watches_handovers() override { return false; }
};

struct KeepsForEver : Mutant {
  bool cleans_up() override { return false; }
};

struct LeavesSets : Mutant {
  void filters(std::string& commands) override {
    if (commands.starts_with("delete set") || commands.starts_with("delete table netdev")) {
      commands.clear();
    }
  }
};

// Removes what is not there.
struct DeletesTwice : Mutant {
  void filters(std::string& commands) override {
    if (commands.starts_with("delete set")) commands += std::string(commands);
  }
};

struct AnswersForKept : Mutant {
  void filters(std::string& commands) override {
    if (commands.starts_with("add table arp")) commands.clear();
  }
};

struct StaysSilent : Mutant {
  void filters(std::string& commands) override {
    if (commands.contains("delete table arp")) commands.clear();
  }
};

struct ListsNothing : Mutant {
  bool lists_flows() override { return false; }
};

struct LosesLists : Mutant {
  bool sends(failover::PairMessage type, Instant) override {
    return type != failover::PairMessage::handover_flows;
  }
};

// The master would have moved the connections along.
struct PreemptsUnasked : Mutant {
  bool sends(failover::PairMessage type, Instant) override {
    return type != failover::PairMessage::pass_request;
  }
};

// Of a move that follows on the heels of another.
struct LosesSecondLists : Mutant {
  bool sends(failover::PairMessage type, Instant now) override {
    if (type == failover::PairMessage::handover_taken) {
      if (now < heels_until_) loses_until_ = now + 3s;
      heels_until_ = now + 15s;  // nothing has settled by then
    }
    return type != failover::PairMessage::handover_flows || now >= loses_until_;
  }
  Instant heels_until_{};
  Instant loses_until_{};
};

struct SaysTheContrary : Mutant {
  void answers(bool& ok) override { ok = !ok; }
};

bool is_watched(const Plan& plan) {
  return plan.watch.enabled;
}
bool has_second_path(const Plan& plan) {
  return plan.guarded && plan.guard().second_path;
}
bool has_witness(const Plan& plan) {
  return plan.guarded && plan.guard().witness;
}
bool is_paired(const Plan& plan) {
  return plan.paired;
}
bool is_paired_crowd(const Plan& plan) {
  return plan.paired && plan.hosts >= 4;
}
// Where nobody asks for an address, and all goes together, a move that meets another is that of a
// second pass.
bool is_paired_without_returns(const Plan& plan) {
  return plan.paired && plan.settings[0][0].nopreempt && plan.routers == 1;
}

template <typename Kind>
std::unique_ptr<Mutant> make() {
  return std::make_unique<Kind>();
}

}  // namespace

const std::vector<MutantKind>& company_mutants() {
  static const std::vector<MutantKind> kinds{
      {"drowsy", "BFD forgets to send for a while", Checker::false_alarm, make<Drowsy>, is_watched},
      {"never_misses", "BFD does not look for silence", Checker::vigilance,
       make<NeverMissesAnybody>, is_watched},
      {"speaks_no_bfd", "no packet of BFD is sent", Checker::vigilance, make<SpeaksNoBfd>,
       is_watched},
      {"deaf_to_second", "reports of the second path are not heard", Checker::second_path,
       make<DeafToSecondPath>, has_second_path},
      {"bribed_witness", "the witness always says yes", Checker::witness, make<BribedWitness>,
       has_witness},
      {"keeps_for_ever", "kept addresses stay on the loopback", Checker::silence,
       make<KeepsForEver>, is_paired},
      {"leaves_sets", "rules of a handover are not removed", Checker::leftovers, make<LeavesSets>,
       is_paired},
      {"deletes_twice", "rules are removed that are not there", Checker::leftovers,
       make<DeletesTwice>, is_paired},
      {"answers_for_kept", "a kept address is answered for", Checker::silence, make<AnswersForKept>,
       is_paired},
      {"stays_silent", "an address that is back is not answered for", Checker::silence,
       make<StaysSilent>, is_paired},
      {"lists_nothing", "the taker is told of no connection", Checker::connections,
       make<ListsNothing>, is_paired},
      {"loses_lists", "lists of connections are not sent", Checker::connections, make<LosesLists>,
       is_paired},
      {"preempts_unasked", "a returning node does not ask", Checker::connections,
       make<PreemptsUnasked>, is_paired_crowd},
      {"loses_second", "lists of a second move are not sent", Checker::connections,
       make<LosesSecondLists>, is_paired_without_returns},
      {"forgets_time", "a handover waits for ever", Checker::leftovers, make<ForgetsTime>,
       is_paired},
      {"says_the_contrary", "the operator is told the contrary", Checker::answers,
       make<SaysTheContrary>, is_paired},
  };
  return kinds;
}

}  // namespace baton::simulation
