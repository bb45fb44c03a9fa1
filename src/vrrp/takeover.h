// May a backup whose master has fallen silent take its place? VRRP says yes; this class asks
// further, as far as the rules (takeover_rules.h) want it:
//
//  1. Does the link receive at all? After a start and after a fault a port of a switch may block
//     for half a minute; who takes over then is a second master as soon as it opens.
//  2. Is the master silent, or is only the first path cut? Who is heard on the second path as
//     master lives, and nothing is taken from it. When it is the master that has lost the clients,
//     it is the master that gives up (Instance::resolve): one node decides, so there is no moment
//     with two.
//  3. Does the witness answer? Who cannot reach it is the one that is cut off.
//
// A witness is asked while adverts are late, so that its answer is there when the timer ends; its
// answer is used once and not for longer than it is fresh. Pure: what is heard comes in with its
// time, what is wanted goes out as a Verdict.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "vrrp/heartbeat.h"
#include "vrrp/takeover_rules.h"

namespace baton::vrrp {

class TakeoverGuard {
 public:
  // A no of the witness is asked again after this.
  static constexpr Duration witness_retry = 1s;
  // An answer is worth something for this long.
  static constexpr Duration witness_fresh = 3s;
  // A link that received nothing for this long is taken to be dead, though its carrier is there.
  static constexpr Duration link_silence = 3s;
  static constexpr std::size_t peers_max = 16;

  // In the order in which they are asked.
  enum class Obstacle : std::uint8_t { none, link, second_path, witness };
  struct Verdict {
    Obstacle obstacle = Obstacle::none;
    Instant again = never;     // when to ask anew
    bool ask_witness = false;  // the question is to be sent now
    std::string why;           // for people; empty while the witness has time to answer
  };
  struct Peer {
    PeerReport report;
    Instant heard_at{};
  };

  explicit TakeoverGuard(const TakeoverRules& rules) : rules_(rules) {}
  void set_rules(const TakeoverRules& rules) { rules_ = rules; }

  // The machine begins, or begins anew after a fault.
  void begin(Instant now);
  // Its master was heard on the first path: the next silence needs a witness of its own.
  void forget_answer() { answer_.reset(); }
  // False for a report that is older than one already heard.
  bool note_report(const PeerReport& report, Instant now);
  // True when the link was waited for.
  bool note_link(Instant now);
  void note_answer(bool reachable, std::string detail, Instant now);
  // A question goes out now; false when one is on its way already.
  bool ask(Instant now);

  // `first_path_lives`: adverts of the node that is to be replaced still arrive.
  Verdict judge(bool first_path_lives, Instant now);

  // Whom the second path knows as master now; null when nobody.
  [[nodiscard]] const Peer* master(Instant now) const;
  [[nodiscard]] const std::map<std::uint64_t, Peer>& peers() const { return peers_; }
  [[nodiscard]] bool is_alive(const Peer& peer, Instant now) const { return now < expiry(peer); }
  // This node can show that it is connected: its witness answers, or, without one, its link
  // receives. `false` of `is_blind` and of `sees` together: not known.
  [[nodiscard]] bool sees(Instant now) const;
  [[nodiscard]] bool is_blind(Instant now) const;
  [[nodiscard]] std::optional<bool> witness_answers() const { return known_; }
  [[nodiscard]] Instant answered_at() const { return answered_at_; }
  [[nodiscard]] const std::string& witness_detail() const { return detail_; }

 private:
  static Instant expiry(const Peer& peer);
  Verdict judge_witness(Instant now);

  TakeoverRules rules_;
  Instant link_wait_until_ = never;  // `never`: it is not waited for
  Instant link_heard_at_ = never;
  Instant began_at_ = never;
  std::map<std::uint64_t, Peer> peers_;  // by run
  Instant asked_at_ = never;             // a question is under way
  std::optional<bool> answer_;           // of the present silence
  std::optional<bool> known_;            // the last one at all
  Instant answered_at_{};
  std::string detail_;
};

// "none", "link", "second_path", "witness"
const char* name_of(TakeoverGuard::Obstacle obstacle);

}  // namespace baton::vrrp
