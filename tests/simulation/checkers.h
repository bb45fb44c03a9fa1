// The judges of a world. They look on (Watcher), know what the world knows, and compare with what
// the rules promise. Two kinds of promise:
//
//   always     the kernel's addresses, notifications, members of a group, hostile adverts, ...:
//              looked at after everything that happens
//   in time    looked at when the time is up, which starts anew with every disturbance: of several
//              holders one is left, a set without a holder gets one, all settles to the right one
//
// Promises about elections hold for a clean set: hosts that take part, of which each hears each,
// and which nobody outside hears or is heard by. While packets are lost, late or false nothing in
// time is promised; afterwards everything is.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "simulation/fast_detection.h"
#include "simulation/node.h"
#include "simulation/verdict.h"

namespace baton::simulation {

class Judges final : public Watcher {
 public:
  explicit Judges(Surroundings& around);

  // The world has changed; `host` is the one that is stopped as planned, if that is what it is.
  void disturbed();
  // Packets are lost, late or false from now on, or no longer: +1, -1.
  void weather(int change);
  // Also while what was sent in it may still arrive.
  [[nodiscard]] bool bad_weather() const { return noise_ > 0 || around_.now < clears_at_; }
  // Before `host` is told to stop as planned.
  void before_planned_stop(const Host& host);
  void after_planned_stop(const Host& host);
  // A change of holders is under way that nobody needs to be surprised by.
  void expect_handover() { settled_at_ = never; }
  // The healthy host that hears `host` and is next in line for all its addresses.
  [[nodiscard]] std::optional<std::size_t> successor_of(const Host& host) const;
  void due(const Item& item);
  // A session of fast detection may be over.
  void session_silent(const Item& item);
  // A frame of ARP has reached the neighbour.
  void neighbour_heard(std::size_t router) {
    watch_handover(router);
    excuse_neighbour(router);
  }
  void complain(Checker checker, std::string what);
  void judged(Checker checker) { ++around_.tally.judged[static_cast<std::size_t>(checker)]; }

  [[nodiscard]] const std::optional<Complaint>& complaint() const { return complaint_; }

  void handled(const Host& host, const VirtualRouter& router, const vrrp::Event& event,
               const vrrp::Actions& actions) override;
  void changed(std::size_t router) override;
  void told_group(const Host& host, vrrp::action::Notice notice) override;
  void finished(const Host& host) override;
  void started(const Host& host) override;
  void woke(const Host& host, const VirtualRouter& router, Duration slept) override;

 private:
  using HostSet = std::uint32_t;  // a bit for each
  struct Seen {                   // of one machine
    vrrp::State state = vrrp::State::init;
    std::optional<vrrp::action::Notice> owed;  // a transition whose notification is to come
  };
  struct Beat {  // adverts since the settled state was judged
    Instant since = never;
    std::size_t holder = 0;
    std::array<std::uint64_t, hosts_max> adverts{};
  };
  struct Handover {
    HostSet hosts = 0;  // who may hold; 0: none is watched
    Instant until{};
  };

  [[nodiscard]] bool in(HostSet set, std::size_t host) const { return set >> host & 1u; }
  [[nodiscard]] bool hear_each_other(std::size_t router, std::size_t a, std::size_t b) const;
  [[nodiscard]] bool are_joined(std::size_t router, std::size_t a, std::size_t b) const;
  // The clean sets of a router's link.
  [[nodiscard]] std::vector<HostSet> clean_sets(std::size_t router) const;
  [[nodiscard]] HostSet holders(std::size_t router, HostSet among) const;
  [[nodiscard]] HostSet healthy(std::size_t router, HostSet among) const;
  [[nodiscard]] bool settled() const { return noise_ == 0 && around_.now >= settled_at_; }

  void ask_again(std::size_t router, Checker checker, Duration in, std::uint32_t generation);
  void judge_settled(std::size_t router);
  void judge_detection(std::size_t router, std::uint32_t disturbance);
  void judge_set(std::size_t router, HostSet set);
  void judge_master(std::size_t router, HostSet set, std::size_t holder);
  void judge_neighbour(std::size_t router);
  void excuse_neighbour(std::size_t router);
  [[nodiscard]] double adverts_expected(const Host& host, std::size_t router) const;
  void judge_beat(std::size_t router);
  void judge_storm(const Host& host, const VirtualRouter& router);
  void judge_notices(const Host& host, const VirtualRouter& router, const vrrp::Actions& actions);
  void judge_kernel(const Host& host, const VirtualRouter& router);
  void judge_calm(const Host& host, const VirtualRouter& router,
                  const vrrp::action::Transition& transition);
  void watch_handover(std::size_t router);
  [[nodiscard]] std::string picture() const;

  Surroundings& around_;
  FastDetection fast_detection_{around_};
  std::array<HostSet, routers_max> told_{};  // by fast detection, of a silent master
  Instant told_at_{};
  std::uint32_t told_in_ = 0;  // after that many disturbances
  std::optional<Complaint> complaint_;
  unsigned noise_ = 0;
  Instant clears_at_{};
  Instant settled_at_ = never;
  std::uint32_t disturbances_ = 0;
  std::array<std::uint32_t, routers_max> generation_{};  // counts changes and disturbances
  std::array<Beat, routers_max> beats_{};
  std::array<Handover, routers_max> handovers_{};
  std::array<std::array<Seen, routers_max>, hosts_max> seen_{};
  std::array<vrrp::action::Notice, hosts_max> group_notice_{};
};

}  // namespace baton::simulation
