// What failover/handovers.h does around the machines of a handover (failover/handover.h), in the
// same order: which peer is asked, which offer can be taken, what becomes of a handover when a
// router, the link or the other node changes. The messages and the packet rules are the shipped
// ones.
//
// It opens nothing and reads no clock: what it needs done are virtual functions, which pair_node.h
// does in a world. Lists of connections are looked at in one go, not in pieces.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "failover/handover.h"
#include "failover/handover_rules.h"
#include "failover/pair_frame.h"
#include "failover/router_face.h"

namespace baton::simulation {

using failover::CaughtAddress;
using failover::Flow;
using failover::HandoverActions;
using failover::HandoverGiver;
using failover::HandoverScope;
using failover::HandoverTaker;
using failover::HeldAddress;
using failover::KeptAddress;
using failover::PairMessage;
using failover::RouterFace;
namespace handover_action = failover::handover_action;

// The other end of a pair link.
struct HandoverPeer {
  net::IpAddress address;  // as in `pair_peer`
  std::string name;        // its router_id; empty until it was heard
  std::uint64_t run = 0;   // another one after a restart
  bool is_up = false;
  std::string problem;  // why there is no link
};

class HandoverDesk {
 public:
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
  using Faces = std::vector<RouterFace*>;

  // Handovers are numbered from `first_id` on, which differs from run to run.
  explicit HandoverDesk(std::uint64_t first_id);
  HandoverDesk(const HandoverDesk&) = delete;

  void configure(Duration timeout) { timeout_ = timeout; }
  // Passes the instances, all MASTER here; `to` is a peer's address or name, or empty. The end is
  // told by pass_ended() when `ticket` is not 0.
  void pass(const Faces& routers, const std::string& to, std::uint64_t ticket);
  // The node stops: the same, with the routers stopping. False when there is nobody to give to, and
  // the routers were not told anything.
  bool give_at_stop(const Faces& routers);
  // Asks the master over the link to pass (a preempting return).
  void ask_to_pass(const RouterFace& router);
  // After every event of a router.
  void review();
  // While connections are still served here for addresses that have moved.
  [[nodiscard]] bool is_serving() const;
  // Ends everything now.
  void end();

  // A message of the pair link, one of those that handover_messages.h names.
  void on_message(PairMessage type, const HandoverPeer& from, std::string_view body);
  void on_link_change(const HandoverPeer& peer);
  // At the time that wake_at() has named, or later.
  void on_timer();

  struct Given;
  struct Taken;
  struct Plain;
  [[nodiscard]] const std::vector<std::unique_ptr<Given>>& given() const { return given_; }
  [[nodiscard]] const std::vector<std::unique_ptr<Taken>>& taken() const { return taken_; }
  [[nodiscard]] const std::deque<Past>& past() const { return past_; }

 protected:
  using FlowVisitor = std::function<void(const Flow& flow, bool is_settled)>;
  ~HandoverDesk();

 private:
  // -- what others do --

  [[nodiscard]] virtual Instant now() = 0;
  virtual void wake_at(Instant at) = 0;
  virtual void write_log(LogLevel level, const std::string& line) = 0;
  [[nodiscard]] virtual Faces faces() const = 0;
  // To all of them before groups look at their members.
  virtual void tell(const Faces& routers, const vrrp::Event& event) = 0;
  // In the order of the configuration; empty without a pair link.
  [[nodiscard]] virtual std::vector<HandoverPeer> peers() const = 0;
  virtual void send(const net::IpAddress& peer, PairMessage type, const std::string& body) = 0;
  // Puts addresses on the loopback under that name, and takes them from there.
  virtual void keep(const std::string& name, const std::vector<HeldAddress>& addresses) = 0;
  virtual void unkeep(const std::string& name) = 0;
  // Has the packet filter do all of these commands or none; `what` is for people.
  virtual Status filter(const std::string& commands, const char* what) = 0;
  // Every TCP connection of the addresses here; `is_settled`: its end has begun.
  virtual Status visit_flows(const std::vector<net::IpAddress>& addresses,
                             const FlowVisitor& visit) = 0;
  // An operator's pass has come to its end.
  virtual void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) = 0;
  // Connections to these addresses shall end at their next response; none: as ever.
  virtual void addresses_leave(const std::vector<net::IpAddress>& addresses) = 0;
  [[nodiscard]] virtual bool is_stopping() const = 0;

  // -- the link's side (handover_driver.cc has the machines') --

  void on_offer(const HandoverPeer& from, std::string_view body);
  void on_flows(const HandoverPeer& from, std::string_view body);
  void on_note(PairMessage type, const HandoverPeer& from, std::string_view body);
  void on_pass_request(const HandoverPeer& from, std::string_view body);
  // Why the scope cannot be taken here; empty: it can.
  std::string find_obstacle(const HandoverScope& scope, const HandoverPeer& from);

  [[nodiscard]] std::optional<HandoverPeer> choose_peer(const std::string& to,
                                                        std::string& problem) const;
  bool give(const Faces& routers, const HandoverPeer& peer, std::uint64_t ticket, bool at_stop);
  void pass_plainly(const Faces& routers, std::uint64_t ticket, bool at_stop);
  [[nodiscard]] Faces routers_of(const std::vector<std::string>& names) const;

  void act(Given& given, const HandoverActions& actions);
  void act(Taken& taken, const HandoverActions& actions);
  void fail_given(Given& given, const handover_action::Failed& failed);
  void note_to(const net::IpAddress& peer, PairMessage type, std::uint64_t id,
               const std::string& why = "");
  void send_flows(Given& given, bool last);
  [[nodiscard]] bool is_held(const net::IpAddress& address) const;
  void rewrite_kept();
  void tell_leaving();
  bool catch_all(Taken& taken);
  bool rewrite_caught();
  void remember(bool is_given, const HandoverScope& scope, const net::IpAddress& peer, bool ok,
                std::string text, std::size_t flows, Instant begun);
  void arm();
  void sweep();

  Duration timeout_ = 600s;
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
};

struct HandoverDesk::Given {
  HandoverGiver machine;
  net::IpAddress peer;
  std::string peer_name;
  std::uint64_t ticket = 0;
  bool at_stop = false;
  Instant begun{};
  std::vector<HeldAddress> kept;
  std::vector<KeptAddress> silent;
  std::set<Flow> told;  // to the taker
  bool has_yielded = false;
  std::size_t back = 0;  // routers that are masters again afterwards
};

struct HandoverDesk::Taken {
  HandoverTaker machine;
  net::IpAddress peer;
  std::string peer_name;
  std::uint64_t peer_run = 0;
  unsigned set = 0;
  bool has_sets = false;
  Instant begun{};
  std::vector<CaughtAddress> caught;
};

struct HandoverDesk::Plain {
  std::vector<std::string> instances;
  std::uint64_t ticket = 0;
  Instant begun{};
};

}  // namespace baton::simulation
