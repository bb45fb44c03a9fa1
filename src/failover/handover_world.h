// What handovers (handovers.h) need of the world, as one interface: time, the pair link, virtual
// routers, the loopback, the packet filter, the kernel's connections, and somebody who does long
// work in pieces. handover_kernel.h is the real one; a simulation has its own. Nothing of it
// calls Handovers back before it has returned, except tell(), after which the routers' node looks
// at its handovers (Handovers::review()).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "failover/handover.h"
#include "failover/pair_frame.h"
#include "failover/router_face.h"

namespace baton::failover {

// The other end of a pair link.
struct HandoverPeer {
  net::IpAddress address;  // as in `pair_peer`: what peers are told apart by
  std::string name;        // its router_id; empty until it was heard
  std::uint64_t run = 0;   // another one after a restart
  bool is_up = false;
  std::string problem = {};  // why there is no link
};

// A TCP connection of this node's kernel.
struct SeenFlow {
  Flow flow;
  bool is_settled = false;  // both ends have all, and this one has closed
  bool is_closed = false;   // this one has closed; the word of it may be under way
};

// A listing of the kernel's connections, read in pieces.
class FlowListing {
 public:
  using Visitor = std::function<void(const SeenFlow& seen)>;
  virtual ~FlowListing() = default;
  // Hands the next few to `visit`. True: there may be more.
  virtual Result<bool> read_some(const Visitor& visit) = 0;
};

class HandoverWorld {
 public:
  using Faces = std::vector<RouterFace*>;
  // Does a piece of a millisecond or so; true while there is more.
  using Job = std::move_only_function<bool()>;

  [[nodiscard]] virtual Instant now() = 0;
  // When Handovers::on_timer() is wanted; earlier wishes are forgotten.
  virtual void wake_at(Instant at) = 0;
  // Does a piece of it after this event, and again until it gives false; several take turns.
  virtual void work(Job job) = 0;

  // All of the node.
  [[nodiscard]] virtual Faces routers() const = 0;
  // To all of them before groups look at their members.
  virtual void tell(const Faces& routers, const vrrp::Event& event) = 0;
  [[nodiscard]] virtual bool is_stopping() const = 0;

  // The pair link: whether it is configured, and whom it leads to, in the file's order.
  [[nodiscard]] virtual bool has_link() const = 0;
  [[nodiscard]] virtual std::vector<HandoverPeer> peers() const = 0;
  // What the other node's priority for these instances is, all in all; 0: not known.
  [[nodiscard]] virtual unsigned priority_of(const HandoverPeer& peer,
                                             const std::vector<std::string>& instances) const = 0;
  // Fails when there is no link, or when the peer is too far behind.
  virtual Status send(const net::IpAddress& peer, PairMessage type, const std::string& body) = 0;

  // Puts addresses on the loopback under that name, and takes them from there.
  virtual void keep(const std::string& name, const std::vector<HeldAddress>& addresses) = 0;
  virtual void unkeep(const std::string& name) = 0;
  // Has the packet filter do all of these commands or none; `what` is for people, who are told
  // when it fails.
  virtual Status filter(const std::string& commands, const char* what) = 0;
  // The TCP connections with one of these addresses at this end.
  virtual Result<std::unique_ptr<FlowListing>> list_flows(
      const std::vector<net::IpAddress>& addresses) = 0;

  // An operator's pass has come to its end.
  virtual void pass_ended(std::uint64_t ticket, bool ok, const std::string& text) = 0;
  // Connections to these addresses shall end at their next response; none: as ever. With
  // `close_idle`, those that wait for a request are closed now.
  virtual void addresses_leave(const std::vector<net::IpAddress>& addresses, bool close_idle) = 0;
  // Handovers are at their end: no job, no timer, no packet rule is left.
  virtual void close() = 0;

 protected:
  ~HandoverWorld() = default;
};

}  // namespace baton::failover
