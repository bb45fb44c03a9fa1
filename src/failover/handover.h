// A handover that keeps established connections, as two pure machines: the giver, which has the
// addresses and passes them, and the taker, which gets them. No socket, no clock, no packet rule in
// here: events in, actions out, `deadline()` says when `Tick` is wanted. failover/handovers.h
// drives them with the pair link, the kernel and the routers.
//
//   giver                                            taker
//   IDLE --begin--> OFFERING  --- offer --->         prepares rules: what is not its own goes back
//        <---------------------- ready ---           PREPARED
//   keeps the addresses on the loopback,
//   silent; routers yield     --- go ------>         CATCHING; routers take over at once
//   MOVING --successor heard--> SERVING
//        list of connections  --- flows --->         adds them; with the last list FORWARDING:
//        ... again, a few times, the last is final   exactly these go to the giver
//   none is left, or time is over --- done ->        LEAVING for a moment, then all rules go
//
// Whatever is lost on the way, each side ends by itself: the giver by `timeout`, the taker a
// little later, or `orphan_patience` after it lost the link (the connections of a dead giver are
// reset then, so that clients come again), or at once when the giver is seen to be another process.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/time.h"
#include "net/address.h"

namespace baton::failover {

struct Flow {
  net::Endpoint client;
  net::Endpoint local;  // the virtual address and its port

  friend auto operator<=>(const Flow&, const Flow&) = default;
};

// What is moved.
struct HandoverScope {
  std::uint64_t id = 0;
  std::vector<std::string> instances;
  std::vector<net::IpAddress> addresses;
  std::vector<net::IpAddress> giver;  // its own addresses, one of each link and family
  Duration timeout = 600s;
  // From where the giver sends, for each instance; empty from an earlier version.
  std::vector<net::IpAddress> sources = {};

  friend bool operator==(const HandoverScope&, const HandoverScope&) = default;
};

namespace handover_action {

// Giver.
struct SendOffer {};
struct Keep {};   // addresses to the loopback, no answers to ARP
struct Yield {};  // the routers: the successor is told
struct SendGo {};
struct TakeBack {};  // the routers: the successor does not come
struct Moved {};     // the successor is there
struct SendFlows {   // look at the kernel, send the list, report the number by flows_counted()
  bool last = false;
};
struct CountFlows {};  // look, and report
struct Unkeep {};      // the loopback and ARP as before
struct SendDone {};
inline constexpr const char* nobody_took_over = "nobody took over";
struct Failed {  // nothing has moved
  std::string why;
  bool refused = false;  // by the other node, for a reason that a plain pass would not change
};
// Taker.
struct CatchAll {};  // rules: what did not begin here goes to the giver
struct SendReady {};
struct TakeOver {};      // the routers
struct ForwardFlows {};  // rules: the known connections only
struct RemoveRules {};
// Both.
struct Over {};  // nothing is left of it

}  // namespace handover_action

using HandoverAction =
    std::variant<handover_action::SendOffer, handover_action::Keep, handover_action::Yield,
                 handover_action::SendGo, handover_action::TakeBack, handover_action::Moved,
                 handover_action::SendFlows, handover_action::CountFlows, handover_action::Unkeep,
                 handover_action::SendDone, handover_action::Failed, handover_action::CatchAll,
                 handover_action::SendReady, handover_action::TakeOver,
                 handover_action::ForwardFlows, handover_action::RemoveRules,
                 handover_action::Over>;
using HandoverActions = std::vector<HandoverAction>;

class HandoverGiver {
 public:
  enum class State : std::uint8_t { idle, offering, moving, serving, over };
  // The taker may have many connections of its own to put into its rules.
  static constexpr Duration ready_patience = 2s;
  static constexpr Duration move_patience = 5s;
  // After the successor is there, neighbours learn it one by one; so often the list is sent again.
  static constexpr Duration list_interval = 100ms;
  static constexpr unsigned lists = 15;
  static constexpr Duration count_interval = 500ms;

  explicit HandoverGiver(HandoverScope scope) : scope_(std::move(scope)) {}

  HandoverActions begin(Instant now);
  HandoverActions on_ready(Instant now);
  // Also of the word to go, when the taker has failed in between.
  HandoverActions on_refused(const std::string& why);
  // All routers of the scope have given up their addresses to the successor.
  HandoverActions on_successor_there(Instant now);
  // Nobody took over: the routers are masters as before. Or they have become masters again.
  HandoverActions on_still_master(Instant now);
  HandoverActions on_flows(std::size_t count, Instant now);
  HandoverActions on_link_down();
  HandoverActions on_tick(Instant now);
  // No more patience.
  HandoverActions end();

  [[nodiscard]] Instant deadline() const;
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const HandoverScope& scope() const { return scope_; }
  [[nodiscard]] std::size_t flows_left() const { return flows_left_; }
  [[nodiscard]] std::size_t flows_moved() const { return flows_moved_; }

 private:
  HandoverActions give_up(std::string why, bool refused);

  HandoverScope scope_;
  State state_ = State::idle;
  Instant state_ends_ = never;
  Instant look_at_ = never;
  unsigned lists_sent_ = 0;
  std::size_t flows_left_ = 0;
  std::size_t flows_moved_ = 0;
};

class HandoverTaker {
 public:
  enum class State : std::uint8_t { idle, prepared, catching, forwarding, leaving, over };
  static constexpr Duration go_patience = 5s;
  // The giver's time begins with the move, and it says itself when it is over.
  static constexpr Duration giver_patience = 5s;
  static constexpr Duration list_patience = 6s;
  static constexpr Duration orphan_patience = 30s;
  // Packets under way to here when the giver has taken its addresses back.
  static constexpr Duration leave_patience = 3s;

  explicit HandoverTaker(HandoverScope scope) : scope_(std::move(scope)) {}

  HandoverActions begin(Instant now);
  HandoverActions on_go(Instant now);
  // A list has come (and was added to the rules).
  HandoverActions on_flows(std::size_t count, bool last, Instant now);
  HandoverActions on_done(Instant now);
  HandoverActions on_link_down(Instant now);
  HandoverActions on_link_up(bool same_process);
  HandoverActions on_tick(Instant now);
  HandoverActions end();

  [[nodiscard]] Instant deadline() const { return std::min(state_ends_, orphaned_until_); }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const HandoverScope& scope() const { return scope_; }
  [[nodiscard]] std::size_t flows_moved() const { return flows_moved_; }

 private:
  HandoverScope scope_;
  State state_ = State::idle;
  Instant state_ends_ = never;
  Instant orphaned_until_ = never;
  Instant begun_{};
  std::size_t flows_moved_ = 0;
};

const char* name_of(HandoverGiver::State state);
const char* name_of(HandoverTaker::State state);

}  // namespace baton::failover
