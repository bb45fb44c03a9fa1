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
#include <optional>
#include <string>
#include <vector>

#include "simulation/clock.h"
#include "simulation/mutants.h"
#include "simulation/neighbour.h"
#include "simulation/network.h"
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

class Host {
 public:
  static constexpr Duration address_lifetime = 3s;
  // The failover process notices that it slept when it wakes up that much too late.
  static constexpr Duration sleep_shortest = 200ms;

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
  void take_over(const std::string& from);
  // Fast detection: a session with the master is up; it was silent for too long. True when the
  // machine acts upon it.
  void watch_master(std::size_t router, const net::IpAddress& master, Duration stagger);
  bool lose_master(std::size_t router, const net::IpAddress& master);
  // Tells the processes what has changed in `truth`.
  void learn();
  // The file is read again, whether it has changed or not.
  void reload();

  void hear(std::size_t router, const Wire& wire);
  // Bytes from nowhere: nobody may hold them back.
  void hear_parsed(std::size_t router, const vrrp::ParsedAdvert& parsed);
  void timer(std::size_t router);
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
  // The router whose timer is due first.
  [[nodiscard]] std::size_t first_due() const;

 private:
  void handle(VirtualRouter& router, const vrrp::Event& event);
  void obey(VirtualRouter& router, const vrrp::Actions& actions);
  void transmit(VirtualRouter& router, std::uint8_t priority);
  const Wire& say(VirtualRouter& router, std::uint8_t priority, std::size_t to);
  void announce(VirtualRouter& router, std::uint32_t repeat);
  void ask(VirtualRouter& router);
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
  unsigned untold_ = 0;
  bool running_ = false;
  bool paused_ = false;
  bool frozen_ = false;
  bool stopping_ = false;
  Instant away_since_{};
  std::deque<std::pair<std::size_t, const Wire*>> queued_;  // no advert: a claim
};

}  // namespace baton::simulation
