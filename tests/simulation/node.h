// A host with its virtual routers, as the failover process is one: events go into the shipped
// machines, actions come out, sync groups look at their members afterwards. What the failover
// process does around the machines (failover/node.cc, failover/router.cc) is done here in the same
// order, so that only sockets, the kernel and the clock are made up:
//
//   packets are read before a timer is believed; a process that woke up late is told so first;
//   addresses live three seconds in the kernel and are renewed while the process runs;
//   an event that concerns all routers is told to all before a group looks at them.
//
// `Truth` is what the world knows about a host and its processes are told of: trackers, the
// source address, the file. A process that was away learns it when it is back.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "failover/handover.h"
#include "failover/router_face.h"
#include "simulation/bfd_node.h"
#include "simulation/clock.h"
#include "simulation/mutants.h"
#include "simulation/neighbour.h"
#include "simulation/network.h"
#include "simulation/pair_net.h"
#include "simulation/pair_node.h"
#include "vrrp/instance.h"
#include "vrrp/sync_group.h"

namespace baton::simulation {

struct VirtualRouter;
class Host;

// Who looks on (checkers.h).
class Watcher {
 public:
  // A machine was told `event` and said `actions`, which have been done.
  virtual void handled(const Host& host, const VirtualRouter& router, const vrrp::Event& event,
                       const vrrp::Actions& actions) = 0;
  // The kernel's addresses or whether the host is there at all.
  virtual void changed(std::size_t router) = 0;
  virtual void told_group(const Host& host, vrrp::action::Notice notice) = 0;
  // Groups have looked at their members, too.
  virtual void finished(const Host& host) = 0;
  virtual void started(const Host& host) = 0;
  virtual void woke(const Host& host, const VirtualRouter& router, Duration slept) = 0;
  // A session of BFD has ended because nothing was heard.
  virtual void session_lost(const Host& host, const bfd::TableEntry& entry) = 0;
  // ... and the machine acts upon it.
  virtual void master_lost(const Host& host, std::size_t router) = 0;
  // The packet filter could not do what a handover wanted.
  virtual void filter_failed(const Host& host, const std::string& commands) = 0;
  // An operator's pass has ended.
  virtual void pass_answered(const Host& host, std::uint64_t ticket, bool ok) = 0;

 protected:
  ~Watcher() = default;
};

// What all hosts of a world have in common.
struct Surroundings {
  Surroundings(const Plan& of, Tally& count);

  const Plan& plan;
  Tally& tally;
  Agenda agenda;
  Network network;
  Neighbour neighbour;
  Watcher* watcher = nullptr;
  Mutant* mutant = nullptr;
  std::string* chronicle = nullptr;  // what happened, for people
  Instant now{};
  std::deque<Wire> wires;
  std::set<std::vector<std::uint8_t>> bfd_packets;  // all that were ever under way
  std::array<std::array<unsigned, hosts_max>, hosts_max> bfd_cuts{};  // [from][to], of BFD alone
  std::vector<vrrp::PeerReport> reports;  // under way on the second path; the oldest are forgotten
  std::uint32_t last_report = 0;
  std::array<unsigned, hosts_max> witness_dark{};  // no way from that host to the witness
  std::unique_ptr<PairNet> pairs;                  // in worlds that are paired
  std::vector<Host> hosts;
  std::array<unsigned, routers_max> strangers{};           // who claim the address besides
  std::vector<std::pair<std::size_t, const Wire*>> heard;  // the last ones: router, advert

  void tell(std::string_view line) const;
};

struct Truth {
  std::array<unsigned, tracker_count> down{};  // by how many faults
  unsigned sourceless = 0;
  vrrp::Settings settings;

  [[nodiscard]] bool healthy() const {
    return down[tracker_script] == 0 && down[tracker_link] == 0 && sourceless == 0;
  }
};

struct VirtualRouter {
  VirtualRouter(std::size_t number, std::size_t on_link, const vrrp::Settings& settings)
      : index(number), link(on_link), instance(settings) {
    truth.settings = settings;
  }

  std::size_t index;
  std::size_t link;
  Truth truth;
  vrrp::Instance instance;
  std::vector<net::IpAddress> kernel;  // on the interface
  std::uint32_t expiry = 0;            // the generation of the kernel's addresses
  Instant deadline = never;            // of the world
  std::uint64_t adverts = 0;
  struct Saying {
    std::uint8_t priority;
    std::uint8_t to;
    const Wire* wire;
  };
  std::vector<Saying> sayings;  // adverts that were built already
};

// A virtual router as handovers and fast detection see it.
class Face final : public failover::RouterFace {
 public:
  Face(Host& host, VirtualRouter& router) : host_(host), router_(router) {}
  [[nodiscard]] const vrrp::Instance& instance() const override { return router_.instance; }
  [[nodiscard]] const std::vector<failover::HeldAddress>& held() const override { return held_; }
  [[nodiscard]] const std::string& link_of(const std::string& device) const override {
    return device;
  }
  void obey(const vrrp::Event& command) override;
  [[nodiscard]] const VirtualRouter& router() const { return router_; }
  // The settings may be others.
  void review();

 private:
  Host& host_;
  VirtualRouter& router_;
  std::vector<failover::HeldAddress> held_;
};

// A TCP connection that a host serves.
struct Connection {
  failover::Flow flow;
  std::size_t router = 0;
  Instant ends{};
};

class Host {
 public:
  static constexpr Duration address_lifetime = 3s;
  // The failover process notices that it slept when it wakes up that much too late.
  static constexpr Duration sleep_shortest = 200ms;

  // How often the counters of links are looked at.
  static constexpr Duration sample_interval = 250ms;

  Host(Surroundings& around, std::size_t index);

  void start();
  void crash();
  void pause();
  void resume();
  void freeze();
  void thaw();
  void leap(Duration step);
  // Says so to all routers; they end by themselves.
  void stop(bool yield);
  // An operator's pass, of all that it holds; and what the successor is told on the pair link.
  void pass(bool successor_told);
  // The same in a world with a pair link: all that it holds, `to` a host or, empty, to whom it may
  // be. False when it is master of nothing.
  bool pass_by_desk(const std::string& to, std::uint64_t ticket);
  void take_over(const std::string& from);
  // Fast detection: a session with the master is up; it was silent for too long. True when the
  // machine acts upon it.
  void watch_master(std::size_t router, const net::IpAddress& master, Duration stagger);
  bool lose_master(std::size_t router, const net::IpAddress& master);
  // The pair link.
  void hear_pair(std::size_t from, failover::PairMessage type, const std::string& body);
  void pair_changed(std::size_t peer);
  void hear_bfd(std::size_t from, const std::vector<std::uint8_t>& bytes);
  void hear_report(std::uint32_t number);
  void hear_witness(std::size_t router, std::uint32_t question, bool reachable);
  // Looks whether its links receive.
  void sample_links(std::uint32_t run);
  // To all of them before the group looks at its members.
  void tell(const std::vector<failover::RouterFace*>& routers, const vrrp::Event& event);
  void serve(const Connection& connection) { connections_.push_back(connection); }
  void forget_connections() { connections_.clear(); }
  // Tells the processes what has changed in `truth`.
  void learn();
  // The file is read again, whether it has changed or not.
  void reload();

  void hear(std::size_t router, const Wire& wire);
  // Bytes from nowhere: nobody may hold them back.
  void hear_parsed(std::size_t router, const vrrp::ParsedAdvert& parsed);
  // What is due first.
  void run_due();
  void claim(std::size_t router);
  void expire(std::size_t router, std::uint32_t generation);

  [[nodiscard]] std::size_t index() const { return index_; }
  // Its process takes part: neither down, paused, frozen nor told to stop.
  [[nodiscard]] bool takes_part() const { return running_ && awake() && !stopping_; }
  [[nodiscard]] bool running() const { return running_; }
  [[nodiscard]] bool awake() const { return !paused_ && !frozen_; }
  [[nodiscard]] bool paused() const { return paused_; }
  [[nodiscard]] bool frozen() const { return frozen_; }
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool stopped() const;
  // Answers for the addresses of `router`, as far as the link can tell.
  [[nodiscard]] bool holds(std::size_t router) const {
    return !frozen_ && !routers_[router].kernel.empty();
  }
  [[nodiscard]] bool healthy(std::size_t router) const;
  // What the rules of election look at.
  [[nodiscard]] int priority(std::size_t router) const;
  [[nodiscard]] std::vector<VirtualRouter>& routers() { return routers_; }
  [[nodiscard]] const std::vector<VirtualRouter>& routers() const { return routers_; }
  [[nodiscard]] const LocalClock& clock() const { return clock_; }
  [[nodiscard]] const std::optional<vrrp::SyncGroup>& group() const { return group_; }
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] std::vector<failover::RouterFace*> faces();
  // Only in worlds that have it, and only while the process is there.
  [[nodiscard]] const BfdNode* bfd() const { return bfd_.get(); }
  [[nodiscard]] PairNode* pair() const { return pair_.get(); }
  // How often its process was started.
  [[nodiscard]] std::uint32_t run() const { return run_; }
  [[nodiscard]] const std::vector<Connection>& connections() const { return connections_; }
  [[nodiscard]] bool is_handing_over() const { return pair_ && pair_->is_giving(); }

  unsigned filter_refuses = 0;  // the kernel takes no packet rules, for so many reasons
  std::array<std::uint64_t, links_max> frames{};  // received

 private:
  friend class Face;
  void handle(VirtualRouter& router, const vrrp::Event& event);
  void obey(VirtualRouter& router, const vrrp::Actions& actions);
  void transmit(VirtualRouter& router, std::uint8_t priority);
  const Wire& say(VirtualRouter& router, std::uint8_t priority, std::size_t to);
  void announce(VirtualRouter& router, std::uint32_t repeat);
  void ask(VirtualRouter& router);
  void send_report(VirtualRouter& router);
  void ask_witness(VirtualRouter& router);
  void solicit(VirtualRouter& router);
  void watch_link(Duration in);
  void review_group();
  [[nodiscard]] vrrp::Settings settings_of(const VirtualRouter& router) const;
  void lose_grip();  // the addresses are no longer renewed
  void tell_sleep(Duration length);
  template <typename Tell>
  void tell_all(Tell tell) {
    ++untold_;
    for (auto& router : routers_) tell(router);
    --untold_;
    review_group();
  }

  Surroundings& around_;
  std::size_t index_;
  LocalClock clock_;
  std::vector<VirtualRouter> routers_;
  std::optional<vrrp::SyncGroup> group_;
  std::deque<Face> faces_;
  std::unique_ptr<BfdNode> bfd_;
  std::unique_ptr<PairNode> pair_;
  std::vector<Connection> connections_;
  std::uint32_t run_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::array<std::uint32_t, routers_max> questions_{};
  std::array<std::uint64_t, links_max> frames_seen_{};
  unsigned untold_ = 0;
  bool running_ = false;
  bool paused_ = false;
  bool frozen_ = false;
  bool stopping_ = false;
  Instant away_since_{};
  std::deque<std::pair<std::size_t, const Wire*>> queued_;  // no advert: a claim
};

}  // namespace baton::simulation
