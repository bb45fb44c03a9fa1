// Handovers, decided: which peer is asked, which offer can be taken, what becomes of a handover
// when a router, the link or the other node changes; and the plain pass, without a link, which VRRP
// alone does. Drives the machines of handover.h.
//
// Pure as far as the world goes: no socket, no loop, no clock. What it needs done is asked of a
// HandoverWorld (handover_world.h): the product's is handover_kernel.h, and the simulation plays
// this very class. Whoever owns it tells it of messages and changes of the pair link, of time, and
// of every event of a router.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.h"
#include "failover/connection_tally.h"
#include "failover/flight_recorder.h"
#include "failover/handover.h"
#include "failover/handover_messages.h"
#include "failover/handover_rules.h"
#include "failover/handover_world.h"

namespace baton::failover {

class Handovers {
 public:
  using Faces = HandoverWorld::Faces;
  // What it hears of the pair link.
  static constexpr std::array messages{PairMessage::handover_offer, PairMessage::handover_flows,
                                       PairMessage::handover_ready, PairMessage::handover_refused,
                                       PairMessage::handover_taken, PairMessage::handover_done,
                                       PairMessage::pass_request,   PairMessage::pass_reply};

  // One that has ended, for status and the flight recorder.
  struct Past {
    Instant at{};
    bool given = false;  // else taken
    std::vector<std::string> instances;
    std::string peer;
    bool ok = false;
    std::string text;
    std::size_t flows = 0;
    Duration took{};
  };
  static constexpr std::size_t past_max = 20;
  // Of which connections are caught or forwarded here at a time; each has its rules.
  static constexpr std::size_t taken_max = 64;
  // Without a handover, idle connections are closed so long before the address goes: their clients
  // are told while there is still an address to tell it from.
  static constexpr Duration farewell = 25ms;

  // So many offers wait for the end of an earlier move of the same instances.
  static constexpr std::size_t offers_waiting_max = 16;

  // Handovers are numbered from `first_id` on, which differs from run to run.
  Handovers(HandoverWorld& world, Log& log, FlightRecorder& recorder, std::uint64_t first_id);
  ~Handovers();
  Handovers(const Handovers&) = delete;

  void configure(Duration timeout) { timeout_ = timeout; }
  // Passes the instances, all MASTER here; `to` is a peer's address or name, or empty. The end is
  // told by pass_ended() when `ticket` is not 0.
  void pass(const Faces& routers, const std::string& to, std::uint64_t ticket);
  // The node stops: the same, with the routers stopping. False when there is nobody to give any of
  // them to, and the routers were not told anything.
  bool give_at_stop(const Faces& routers);
  // Asks the master over the link to pass (a preempting return).
  void ask_to_pass(const RouterFace& router);
  // After every event of a router.
  void review();
  // Before that, of which one it was (handover_stragglers.cc).
  void expect_stragglers(const RouterFace& router);
  // While connections are still served here for addresses that have moved.
  [[nodiscard]] bool is_serving() const;
  // Ends everything now.
  void end();

  // One of `messages`.
  void on_message(PairMessage type, const HandoverPeer& from, std::string_view body);
  // A link has come up or gone down.
  void on_link_change(const HandoverPeer& peer);
  // At the time that the world was asked for, or later.
  void on_timer();

  struct Given;
  struct Taken;
  struct Plain;
  [[nodiscard]] const std::vector<std::unique_ptr<Given>>& given() const { return given_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Taken>>& taken() const { return taken_; }
  [[nodiscard]] const std::deque<Past>& past() const { return past_; }

 private:
  // The link's side (handover_driver.cc has the machines').
  void on_offer(const HandoverPeer& from, std::string_view body);
  void take(const HandoverPeer& from, HandoverScope scope);
  [[nodiscard]] bool is_leaving(const HandoverScope& scope) const;
  void go(Taken& taken);
  void review_waiting();
  void on_flows(const HandoverPeer& from, std::string_view body);
  void on_note(PairMessage type, const HandoverPeer& from, std::string_view body);
  void on_pass_request(const HandoverPeer& from, std::string_view body);
  void on_pass_reply(std::string_view body);
  // Why the scope cannot be taken here; empty: it can.
  std::string find_obstacle(const HandoverScope& scope);

  // Wishes (handover_requests.cc).
  struct Order {
    Faces routers = {};
    std::vector<std::uint64_t> tickets = {};  // operators' passes that it answers for
    bool at_stop = false;
    bool to_this_one = false;                // to no other peer, if this one will not have it
    std::vector<net::IpAddress> tried = {};  // peers that have refused before
  };
  [[nodiscard]] std::vector<HandoverPeer> candidates(
      const std::vector<std::string>& instances) const;
  [[nodiscard]] std::optional<HandoverPeer> find_peer(const std::string& to,
                                                      std::string& problem) const;
  struct Share {
    HandoverPeer peer;
    Order order;
  };
  std::vector<Share> share_out(Order& order);
  void give_out(const std::vector<Share>& shares);
  struct UnderWay {
    std::vector<std::uint64_t>* tickets = nullptr;
    Given* given = nullptr;  // none: a plain one
  };
  std::optional<UnderWay> find_under_way(const std::vector<std::string>& names,
                                         const std::optional<HandoverPeer>& named,
                                         std::string& problem);
  struct Owed {
    std::vector<std::string> instances;
    std::vector<std::uint64_t> tickets;
  };
  std::vector<Owed> take_back(const std::vector<std::string>& names);
  void withdraw(Given& given);
  [[nodiscard]] bool has_other_plans(const HandoverPeer& from,
                                     const std::vector<std::string>& names) const;
  struct Loss {
    std::string text;
    bool has_passed = false;
  };
  [[nodiscard]] std::optional<Loss> find_loss(const std::vector<std::string>& names) const;
  void overtake(Given& given, const Loss& loss);
  void answer(std::vector<std::uint64_t>& tickets, bool ok, const std::string& text);
  void divide(const std::vector<std::uint64_t>& tickets, std::size_t parts);

  bool give(const HandoverPeer& peer, const Order& order);
  // `why`: connections are not kept.
  void pass_plainly(const Order& order, std::string why);
  [[nodiscard]] std::string why_plain() const;
  static constexpr std::size_t flows_in_a_turn = 32;  // into the packet filter, a millisecond

  // Packets that are still meant for the old owner of an address when this one has it.
  struct Stragglers {
    std::string instance;
    net::IpAddress giver;
    Instant end{};
    bool has_moved = false;
    std::vector<CaughtAddress> caught = {};
  };
  static constexpr std::size_t stragglers_max = 32;  // addresses
  void expect_stragglers(const RouterFace& router, const net::IpAddress& giver);
  void catch_stragglers();
  void end_stragglers(Instant now);

  void begin_plain(Plain& plain);
  void review_plain(Plain& plain, Instant now);
  void count_cut(Plain& plain, std::string text);
  [[nodiscard]] Faces routers_of(const std::vector<std::string>& names) const;

  void act(Given& given, const HandoverActions& actions);
  void yield(Given& given);
  void announce_move(Given& given);
  void unkeep(Given& given);
  void fail(Given& given, const handover_action::Failed& failed);
  void act(Taken& taken, const HandoverActions& actions);
  void send(const net::IpAddress& peer, PairMessage type, std::uint64_t id,
            const std::string& why = "", ConnectionCounts connections = {});
  // Lists what is established and tells the taker what it was not told yet; in pieces.
  void look(Given& given, bool last);
  bool look_on(Given& given);
  void tell_flows(Given& given);
  void look_at_relayed(Given& given);
  // Connections that this one forwards to another than the taker.
  [[nodiscard]] static bool is_relayed(const Given& given, const Taken& taken);
  void tell_owed();
  void end_look(Given& given, const Status& how);
  Given* find_given(std::uint64_t id);
  Taken* find_taken(unsigned set);
  // What is known goes to the flight recorder.
  void record(ConnectionTally& tally, bool is_taker);
  [[nodiscard]] bool is_gone(const Taken& taken) const;
  [[nodiscard]] bool holds_any(const HandoverScope& scope) const;
  void keep(Given& given);
  [[nodiscard]] bool is_held(const net::IpAddress& address) const;
  void rewrite_kept();
  void tell_leaving();
  // In pieces; the giver is told in the end, when it wants to be.
  void prepare(Taken& taken);
  bool prepare_on(Taken& taken);
  void end_prepare(Taken& taken, bool possible);
  bool forward_on(Taken& taken);
  bool rewrite_caught();
  void remember(bool is_given, const HandoverScope& scope, const net::IpAddress& peer, bool ok,
                std::string text, std::size_t flows, Instant begun);
  void arm();
  void sweep();

  HandoverWorld& world_;
  Log& log_;
  FlightRecorder& recorder_;
  Duration timeout_ = 600s;
  bool reviewing_ = false;
  bool caught_table_ = false;
  bool kept_table_ = false;
  std::set<std::string> chains_;  // devices that have one
  std::vector<std::unique_ptr<Given>> given_;
  std::vector<std::unique_ptr<Taken>> taken_;
  std::vector<std::unique_ptr<Plain>> plain_;
  std::vector<Stragglers> stragglers_;
  std::optional<unsigned> stragglers_set_;
  bool stragglers_awaited_ = false;
  bool stragglers_refused_ = false;  // by the kernel, once and for all
  std::deque<Past> past_;
  // Offers of what is only leaving this node.
  struct Waiting {
    HandoverPeer from;
    HandoverScope scope;
    Instant until{};  // the giver asks another one then
  };
  std::vector<Waiting> waiting_;
  // Operators' passes that several moves answer for.
  struct Divided {
    std::size_t parts = 1;  // that are still to end
    bool ok = true;
    std::string text;
  };
  std::map<std::uint64_t, Divided> divided_;
  std::uint64_t next_id_;
  unsigned next_set_ = 0;
};

struct Handovers::Given {
  HandoverGiver machine;
  net::IpAddress peer;
  std::string peer_name;
  std::vector<std::uint64_t> tickets = {};
  bool at_stop = false;
  bool to_this_one = false;           // an operator has named it, or it has asked
  std::vector<net::IpAddress> tried;  // peers that have refused before it
  Instant begun{};
  std::vector<HeldAddress> kept;
  std::vector<KeptAddress> silent;
  std::set<Flow> told;  // to the taker
  bool has_yielded = false;
  std::size_t back = 0;  // routers that are masters again afterwards
  ConnectionTally tally;
  // A look at the kernel's connections that is under way.
  struct Look {
    std::unique_ptr<FlowListing> listing;
    FlowList list;
    std::size_t count = 0;
    ConnectionTally left;  // in `kept`
    bool last = false;
  };
  std::optional<Look> look;
  std::optional<bool> look_again;  // after it; true: for the last list
  bool last_owed = false;          // it waits for lists of others that are to go on from here
  ConnectionCounts left;           // at the last look, by instance

  // Nothing has moved yet.
  [[nodiscard]] bool is_under_way() const {
    return machine.state() < HandoverGiver::State::serving;
  }
};

struct Handovers::Taken {
  HandoverTaker machine;
  net::IpAddress peer;
  std::string peer_name;
  std::uint64_t peer_run = 0;
  unsigned set = 0;
  bool has_sets = false;
  Instant begun{};
  std::vector<CaughtAddress> caught;
  ConnectionTally tally;
  // What lives here already: listed, then put into the rules.
  std::unique_ptr<FlowListing> own_listing;
  std::vector<Flow> own;  // still to be put into the rules
  std::set<Flow> own_known;
  bool knows_own = false;  // all are in the sets: rules may stand
  bool is_prepared = false;
  bool ready_wanted = false;
  // Lists that have come, not yet in the rules.
  std::deque<FlowList> lists;
  std::size_t flows_waiting = 0;
  std::vector<Flow> moved;  // those that are in the rules
  bool is_done = false;     // the giver has said so
};

struct Handovers::Plain {
  std::uint64_t id = 0;
  std::vector<std::string> instances;
  std::vector<std::uint64_t> tickets;
  bool at_stop = false;
  std::string why;  // connections are not kept
  Instant begun{};
  Instant yields_at = never;         // never: has done so
  ConnectionTally tally;             // of those that are cut
  std::unique_ptr<FlowListing> cut;  // that are counted after the move
  std::string text;
  bool over = false;
};

}  // namespace baton::failover
