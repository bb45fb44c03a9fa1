// One virtual router as a pure machine: handle(Event, now) -> Actions. It opens nothing, reads no
// clock, writes no log; who drives it delivers events, obeys the actions in their order and calls
// again with TimerDue when deadline() has come.
//
// The model (RFC 3768 section 6.4, keepalived's reading of it):
//
//   INIT --start--> BACKUP --master-down timer--> MASTER --higher priority heard--> BACKUP
//     any state --a tracker without weight fails--> FAULT --all well again--> BACKUP
//     any state --stop--> STOPPED; from MASTER after yielding to the successor
//
// Invariants:
//  1. Addresses are held in MASTER (also while it yields), and for `handover_linger` after it
//     stepped down for a successor that is only now adding them; holds_addresses() tells.
//  2. Every change of state goes through enter(), which alone makes Transition actions.
//  3. A rejected advert changes counters and nothing else.
//
// What differs from keepalived, on purpose:
//  * A stopping master keeps its addresses until it has heard its successor, for a bounded time.
//  * A master that steps down for a higher priority sends one last advert, so that the survivor of
//    a partition learns of the conflict and announces its addresses again.
//  * A priority 0 counts only when the sender is the master that we follow.
//  * A master asks by ARP, with its adverts, whether another node holds the address, too. That one
//    gives up at the advert that follows without a word, when it is a keepalived; the answer is
//    how the survivor knows that there was a conflict and that it must announce itself again.
//  * A node that slept does not trust its timers: it listens first.
//
// Before a backup takes over for want of adverts it asks its TakeoverGuard (takeover.h): a second
// heartbeat path, a witness, a link that receives. What the second path tells is dealt with in
// instance_takeover.cc.
//
// In a sync group (sync_group.h) the end of the master-down timer is a wish, and the group decides.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "vrrp/event.h"
#include "vrrp/receive.h"
#include "vrrp/settings.h"
#include "vrrp/takeover.h"

namespace baton::vrrp {

// Between the first advert of a new master and its first announcement lie some milliseconds; who
// hands over answers for the addresses until then.
inline constexpr Duration handover_linger = 50ms;

// Adverts go out on a beat that is a multiple of this, or of a tenth of their interval, on the
// node's clock: those of many instances then go together, and wake their hearers once.
inline constexpr Duration beat_grid = 10ms;

// An old master answers the first advert of its successor with a last one of its own, and its
// address for a moment longer; within this time after a takeover that is no conflict.
inline constexpr Duration handover_window = 1s;

// So long a successor that was told may take until it is heard; then priority 0 is sent.
inline constexpr Duration told_patience = 500ms;

// So long a master that was asked to pass may take. Then the asking node preempts as ever, unless
// the master has answered or is another one now: it is asked again, but not for longer than
// `ask_longest` in all.
inline constexpr Duration ask_patience = 1500ms;
inline constexpr Duration ask_longest = 8s;

// How many senders of multicast adverts are remembered against replays.
inline constexpr std::size_t replay_senders = 4;

struct Counters {
  std::uint64_t adverts_received = 0;  // accepted ones
  std::uint64_t adverts_sent = 0;
  std::uint64_t priority_zero_received = 0;
  std::uint64_t priority_zero_sent = 0;
  std::uint64_t became_master = 0;
  std::uint64_t released_master = 0;
  std::uint64_t address_mismatches = 0;  // accepted, with another address list
  std::array<std::uint64_t, reject_count> rejected{};

  [[nodiscard]] std::uint64_t rejected_total() const;
};

class Instance {
 public:
  explicit Instance(Settings settings);

  Actions handle(const Event& event, Instant now);
  // When TimerDue is wanted; `never` when nothing is waited for.
  [[nodiscard]] Instant deadline() const;

  // The advert to send for SendAdvert{priority}.
  [[nodiscard]] Advert make_advert(std::uint8_t priority) const;
  // Appends the trailer of auth_hmac to a message that is sent from `source`; nothing without it.
  void sign(std::vector<std::uint8_t>& message, const net::IpAddress& source, WallTime now);
  // With AH: the highest number that was sent or heard.
  [[nodiscard]] std::uint32_t sequence() const { return sequence_; }
  // How to sum an advert of version 3: as is asked for, or as a unicast peer was heard to do it.
  [[nodiscard]] ChecksumForm checksum_form() const;

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] State state() const { return state_; }
  // Stopping or passing, and still serving until the successor is there.
  [[nodiscard]] bool is_yielding() const { return yield_until_ != never; }
  [[nodiscard]] bool is_passing() const { return passing_; }
  // It passed its addresses to another node, and does not preempt that one.
  [[nodiscard]] bool has_passed() const { return passed_; }
  [[nodiscard]] bool holds_addresses() const {
    return state_ == State::master || release_at_ != never;
  }
  // The master that goes, alive, when this one takes over: it has said goodbye, or its priority is
  // the lower one. Only a baton (which fast detection watches), for that one lingers.
  [[nodiscard]] std::optional<net::IpAddress> outgoing_master() const;
  // In a sync group: the master-down time is over, and the group has not let it take over yet.
  [[nodiscard]] bool wants_master() const { return wish_.has_value(); }
  // The other member of the sync group that keeps it in FAULT; empty when none does.
  [[nodiscard]] const std::string& group_fault() const { return group_fault_; }
  // A fault that does not come from the group.
  [[nodiscard]] bool has_own_fault() const;
  [[nodiscard]] Instant since() const { return since_; }
  [[nodiscard]] const std::string& reason() const { return reason_; }
  [[nodiscard]] const std::optional<net::IpAddress>& source() const { return source_; }
  // Whose adverts were heard last, with which priority; the own address when MASTER.
  [[nodiscard]] std::optional<net::IpAddress> master() const;
  [[nodiscard]] std::optional<std::uint8_t> master_priority() const;
  [[nodiscard]] std::uint8_t effective_priority() const { return effective_priority_; }
  [[nodiscard]] const std::vector<Tracker>& trackers() const { return trackers_; }
  [[nodiscard]] const Counters& counters() const { return counters_; }
  void clear_counters() { counters_ = {}; }
  // Who else holds an address of ours, for people; empty when nobody does as far as is known.
  [[nodiscard]] const std::string& conflict() const { return conflict_; }
  // What the second path and the witness say.
  [[nodiscard]] const TakeoverGuard& guard() const { return guard_; }
  // Why it does not take over although its master is silent; empty when nothing holds it back.
  [[nodiscard]] const std::string& held_back() const { return held_back_; }
  // The report to send for SendReport, without run and sequence.
  [[nodiscard]] PeerReport make_report(Instant now) const;
  // What keeps it from taking part, for people; empty when nothing does.
  [[nodiscard]] std::vector<std::string> faults() const;

 private:
  // The events (instance.cc).
  void on(const event::Start&, Instant now);
  void on(const event::TimerDue&, Instant now);
  void on(const event::TrackerReported& report, Instant now);
  void on(const event::SourceChanged& change, Instant now);
  void on(const event::Slept& sleep, Instant now);
  void on(event::Reconfigured change, Instant now);
  // Fast detection (instance_watch.cc).
  void on(const event::MasterWatched& watched, Instant now);
  void on(const event::MasterLost& lost, Instant now);
  [[nodiscard]] Duration quick_skew() const;
  // How long after a priority 0 the place is taken.
  [[nodiscard]] Duration skew_after_goodbye() const;
  // After a takeover because of a loss: announces again for a while, and doubts.
  void settle(const std::optional<net::IpAddress>& lost_master, Instant now);
  void doubt(const ParsedAdvert& parsed, Instant now);
  void on(const event::AddressClaimed& claim, Instant now);
  void on(const event::Stop& stop, Instant now);
  void on(const event::Pass& pass, Instant now);
  void on(const event::TakeOver& order, Instant now);
  void on(const event::MasterReachable& change, Instant now);
  void on(const event::MasterAnswered&, Instant now);
  void on(const event::SuccessorLost&, Instant now);
  // The second path and the witness (instance_takeover.cc).
  void on(const event::PeerReported& heard, Instant now);
  void on(const event::WitnessReported& answer, Instant now);
  void on(const event::LinkReceived&, Instant now);
  bool may_take_over(Instant now);
  void run_reports(Instant now);
  void resolve(const PeerReport& report, Instant now);
  void yield_to(const PeerReport& report, std::string reason, Instant now);
  void ask_witness(Instant now);
  void suspect(Instant now);
  void hold_back(const TakeoverGuard::Verdict& verdict);
  [[nodiscard]] Duration witness_lead() const;
  void on(const event::GroupMaster&, Instant now);
  void on(const event::GroupBackup& command, Instant now);
  void on(const event::GroupFault& fault, Instant now);
  // Adverts (instance_adverts.cc).
  void on(const event::AdvertReceived& received, Instant now);
  void hear_as_backup(const ParsedAdvert& parsed, Instant now);
  void hear_as_master(const ParsedAdvert& parsed, Instant now);
  void hear_as_yielding(const ParsedAdvert& parsed, Instant now);
  void follow(const ParsedAdvert& parsed, Instant now);
  void insist(const ParsedAdvert& parsed, Instant now);
  void step_down(const ParsedAdvert& parsed, Instant now);
  void contest_owner(const ParsedAdvert& parsed, Instant now);
  bool holds_back(const ParsedAdvert& parsed, Instant now);
  void count_reject(Reject reject, const ParsedAdvert& parsed);
  void note_addresses(const ParsedAdvert& parsed);
  void remember_master(const ParsedAdvert& parsed, Instant now);

  // States: enter() changes it, the others do what belongs to it.
  void enter(State state, std::string reason, Instant now);
  // Addresses are kept for `linger` when it was MASTER.
  void become_backup(std::string reason, Duration wait, Duration linger, Instant now);
  void become_master(std::string reason, Instant now);
  // Waits for the master until `at`, and no longer wants to be it.
  void wait_for_master(Instant at);
  void become_fault(std::string reason, Instant now);
  void leave_init_or_fault(Instant now);
  void finish_stop(std::string reason, Instant now);
  // Keeps the addresses until the successor is heard (instance_handover.cc).
  void begin_yield(bool successor_told, Instant now);
  void end_yield(Instant now);
  void end_pass(Instant now);
  bool ask_before_preempting(Instant now);
  void release_addresses();
  void review_trackers(Instant now);
  void review_priority(Instant now);
  void clear_timers();

  void send(std::uint8_t priority);
  std::uint32_t next_sequence();
  void send_and_restart(Instant now);
  [[nodiscard]] Instant next_beat(Instant now) const;
  void announce_conflict(Instant now);
  void run_announcements(Instant now);
  void probe(Instant now);
  void recheck_claim(Instant now);
  void log(LogLevel level, std::string text, bool detail = false);
  // True the first time that `cause` is told since the master changed.
  bool first_time(unsigned cause);

  [[nodiscard]] Duration down_time() const;
  [[nodiscard]] Duration skew() const;
  [[nodiscard]] bool is_owner() const;
  [[nodiscard]] bool is_undecided() const;
  [[nodiscard]] std::string timeout_reason(Instant now) const;

  Settings settings_;
  std::vector<Tracker> trackers_;
  std::optional<net::IpAddress> source_;
  State state_ = State::init;
  bool started_ = false;
  Instant since_{};
  std::string reason_;
  std::optional<std::string> wish_;  // in a sync group: why it wants to be master
  std::string group_fault_;
  std::string yield_end_;                    // what ended the yielding, once it is known
  std::string take_over_;                    // why it takes over out of turn; empty: it does not
  std::optional<net::IpAddress> passed_by_;  // who told it to, when it became MASTER
  // Who was master before this one and only fell silent: it may be master still, cut off, and not
  // know of this one.
  std::optional<net::IpAddress> silent_master_;
  bool passing_ = false;  // yields, to become BACKUP
  bool passed_ = false;
  bool zero_sent_ = false;  // while it yields
  bool master_reachable_ = false;
  Instant asked_at_ = never;  // a master, for this return; the first time
  bool may_ask_again_ = false;
  std::uint8_t effective_priority_;
  ChecksumForm checksum_form_ = ChecksumForm::standard;
  HmacSigner signer_;
  ReplayTable replays_;
  std::uint32_t sequence_ = 0;
  Counters counters_;

  // The master that is followed, or was heard last.
  std::optional<net::IpAddress> master_;
  std::uint8_t master_priority_ = 0;
  Duration master_interval_;
  Instant heard_at_ = never;  // `never`: nobody was heard in this state
  Instant first_heard_{};     // ... and when it was heard for the first time
  std::uint32_t told_ = 0;    // causes that were logged since the master changed

  // Timers; `never` when they do not run.
  Instant master_down_at_ = never;
  Instant advert_at_ = never;
  Instant announce_again_at_ = never;  // the second burst
  Instant conflict_again_at_ = never;  // the second burst after a conflict
  Instant echo_at_ = never;            // the burst for conflicts within an interval of another
  Instant refresh_at_ = never;
  Instant yield_until_ = never;
  Instant release_at_ = never;    // the end of handover_linger
  Instant preempt_from_ = never;  // the end of preempt_delay, once it has begun
  Instant recheck_at_ = never;    // an address is claimed: when it is asked again
  Instant next_defence_at_{};     // while it is claimed
  bool claim_answered_ = false;   // since it was asked last
  std::string conflict_;          // while an address is claimed
  Instant next_probe_at_{};       // adverts before go without a question
  Instant next_conflict_at_{};    // conflicts before are announced by an echo
  bool echoed_ = false;           // there was one since the last burst

  // Fast detection.
  std::optional<net::IpAddress> watched_;  // the master that is watched closely
  Duration stagger_ = 0s;
  std::uint8_t claim_ = owner_priority;           // the last priority that the master had
  bool lost_ = false;                             // it was lost, and nobody was heard since
  Instant settle_at_ = never;                     // after a loss: when to announce again
  Instant settle_until_ = never;                  // ... for the last time
  std::optional<net::IpAddress> taken_for_dead_;  // heard again soon, it was not
  Instant doubt_until_{};
  Duration distrust_ = 0s;  // grows with every loss that was none
  Instant trust_from_{};    // losses before are not believed

  // The second path and the witness.
  TakeoverGuard guard_;
  TakeoverGuard::Obstacle obstacle_ = TakeoverGuard::Obstacle::none;
  std::string held_back_;           // why, as long as it is
  bool waits_for_witness_ = false;  // the timer has ended, its answer has not come
  bool planned_ = false;            // the master has given up by itself: nobody needs to be asked
  Instant report_at_ = never;       // the next report
  Instant ask_witness_at_ = never;  // adverts are late then
  Instant suspected_at_ = never;    // the first path is cut, or there are two masters, since then
  Instant suspicion_until_{};       // ... unless it is not heard again by then
  Instant next_solicit_{};
  Instant next_conflict_line_{};  // two masters by the second path are not told of before

  bool dropped_ownership_ = false;  // two owners: we act with 254
  unsigned contested_adverts_ = 0;  // own adverts since another owner was heard
  Instant contested_since_ = never;

  Actions actions_;
};

}  // namespace baton::vrrp
