// Handovers in the real world: drives the machines of handover.h with the pair link, the routers,
// the kernel's connections, the loopback and packet rules. Also the plain pass, without a link,
// which VRRP alone does.
//
// What the kernel is asked for: the giver keeps the addresses on `lo` (with the guard's short
// lifetime, so that they go when this process does) and has rules that keep it silent about them;
// the taker has rules that send the giver what is the giver's. Rules are in tables that the kernel
// removes with this process. No sysctl is touched. Lists of connections are read and written in
// pieces (piecewise_work.h), for BFD may wait for this very loop every ten milliseconds.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "failover/address_guard.h"
#include "failover/connection_tally.h"
#include "failover/flight_recorder.h"
#include "failover/handover.h"
#include "failover/handover_messages.h"
#include "failover/handover_rules.h"
#include "failover/pair_link.h"
#include "failover/piecewise_work.h"
#include "failover/router.h"
#include "linux/nftables.h"
#include "linux/tcp_flows.h"

namespace baton::failover {

class Handovers {
 public:
  // What it needs of the node.
  class Host {
   public:
    [[nodiscard]] virtual const std::vector<std::unique_ptr<Router>>& routers() const = 0;
    // To all of them before groups look at their members.
    virtual void tell(const std::vector<Router*>& routers, const vrrp::Event& event) = 0;
    // An operator's pass has come to its end.
    virtual void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) = 0;
    // Connections to these addresses shall end at their next response; none: as ever. With
    // `close_idle`, those that wait for a request are closed now.
    virtual void addresses_leave(const std::vector<net::IpAddress>& addresses, bool close_idle) = 0;
    [[nodiscard]] virtual bool is_stopping() const = 0;

   protected:
    ~Host() = default;
  };

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
  // Without a handover, idle connections are closed so long before the address goes: their clients
  // are told while there is still an address to tell it from.
  static constexpr Duration farewell = 25ms;

  Handovers(runtime::Loop& loop, Log& log, PairLink& link, AddressGuard& guard,
            FlightRecorder& recorder, Host& host);
  ~Handovers();

  void configure(Duration timeout) { timeout_ = timeout; }
  // Passes the instances, all MASTER here; `to` is a peer's address or name, or empty. The end is
  // told by pass_ended() when `ticket` is not 0.
  void pass(const std::vector<Router*>& routers, const std::string& to, std::uint64_t ticket);
  // The node stops: the same, with the routers stopping. False when there is nobody to give to, and
  // the routers were not told anything.
  bool give_at_stop(const std::vector<Router*>& routers);
  // Asks the master over the link to pass (a preempting return).
  void ask_to_pass(const Router& router);
  // After every event of a router.
  void review();
  // While connections are still served here for addresses that have moved.
  [[nodiscard]] bool is_serving() const;
  // Ends everything now.
  void end();

  struct Given;
  struct Taken;
  struct Plain;
  [[nodiscard]] const std::vector<std::unique_ptr<Given>>& given() const { return given_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Taken>>& taken() const { return taken_; }
  [[nodiscard]] const std::deque<Past>& past() const { return past_; }

 private:
  // The link's side (handover_driver.cc has the machines').
  void on_offer(const PairPeer& from, std::string_view body);
  void on_flows(const PairPeer& from, std::string_view body);
  void on_note(PairMessage type, const PairPeer& from, std::string_view body);
  void on_pass_request(const PairPeer& from, std::string_view body);
  void on_link_change(const PairPeer& peer);
  // Why the scope cannot be taken here; empty: it can.
  std::string find_obstacle(const HandoverScope& scope, const PairPeer& from);

  const PairPeer* choose_peer(const std::string& to, std::string& problem) const;
  bool give(const std::vector<Router*>& routers, const PairPeer& peer, std::uint64_t ticket,
            bool at_stop, std::vector<net::IpAddress> tried);
  // Another node to give to, when nobody has said which one it should be.
  const PairPeer* next_peer(const Given& given) const;
  // `why`: connections are not kept.
  void pass_plainly(const std::vector<Router*>& routers, std::uint64_t ticket, bool at_stop,
                    std::string why);
  [[nodiscard]] std::string why_plain() const;
  static constexpr std::size_t flows_in_a_turn = 32;  // into the packet filter, a millisecond

  void begin_plain(Plain& plain);
  void review_plain(Plain& plain, Instant now);
  void count_cut(Plain& plain, std::string text);
  [[nodiscard]] std::vector<Router*> routers_of(const std::vector<std::string>& names) const;

  void act(Given& given, const HandoverActions& actions);
  void act(Taken& taken, const HandoverActions& actions);
  void send(const net::IpAddress& peer, PairMessage type, std::uint64_t id,
            const std::string& why = "", ConnectionCounts connections = {});
  // Lists what is established and tells the taker what it was not told yet; in pieces.
  void look(Given& given, bool last);
  bool look_on(Given& given);
  void tell_flows(Given& given);
  void look_at_relayed(Given& given);
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
  Status filter(const std::string& commands, const char* what);
  void on_timer();
  void arm();
  void sweep();

  runtime::Loop& loop_;
  Log& log_;
  PairLink& link_;
  AddressGuard& guard_;
  FlightRecorder& recorder_;
  Host& host_;
  Duration timeout_ = 600s;
  runtime::Timer timer_;
  std::optional<linux::Nftables> nftables_;
  bool reviewing_ = false;
  bool caught_table_ = false;
  bool kept_table_ = false;
  std::set<std::string> chains_;  // devices that have one
  std::vector<std::unique_ptr<Given>> given_;
  std::vector<std::unique_ptr<Taken>> taken_;
  std::vector<std::unique_ptr<Plain>> plain_;
  std::deque<Past> past_;
  std::uint64_t next_id_;
  unsigned next_set_ = 0;
  PiecewiseWork work_;
};

struct Handovers::Given {
  HandoverGiver machine;
  net::IpAddress peer;
  std::string peer_name;
  std::uint64_t ticket = 0;
  bool at_stop = false;
  bool to_this_one = false;           // an operator has named it
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
    linux::TcpFlowListing listing;
    FlowList list;
    std::size_t count = 0;
    ConnectionTally left;  // in `kept`
    bool last = false;
  };
  std::optional<Look> look;
  std::optional<bool> look_again;  // after it; true: for the last list
  ConnectionCounts left;           // at the last look, by instance
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
  std::optional<linux::TcpFlowListing> own_listing;
  std::vector<Flow> own;  // still to be put into the rules
  std::set<Flow> own_known;
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
  std::uint64_t ticket = 0;
  bool at_stop = false;
  std::string why;  // connections are not kept
  Instant begun{};
  Instant yields_at = never;                 // never: has done so
  ConnectionTally tally;                     // of those that are cut
  std::optional<linux::TcpFlowListing> cut;  // that are counted after the move
  std::string text;
  bool over = false;
};

}  // namespace baton::failover
