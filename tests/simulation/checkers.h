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
#include <map>
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
  // The clock of `host` has leapt.
  void leapt(const Host& host) { awake_since_[host.index()] = around_.now; }
  // An operator's pass has begun; its answer is owed.
  void pass_asked(const Host& host, std::uint64_t ticket);
  // There was nothing to pass.
  void pass_is_void(const Host& host, std::uint64_t ticket);
  // Connections of `host` for the addresses that it is about to give away, to be kept.
  void serve_connections(Host& host, std::uint64_t seed);
  // A kernel has begun to refuse rules: what it lacks from now on is nobody's fault.
  void filter_refuses() { filter_refused_ = true; }
  // After everything that happens in a world with handovers.
  void review_handovers();
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
  void session_lost(const Host& host, const bfd::TableEntry& entry) override;
  void master_lost(const Host& host, std::size_t router) override;
  void filter_failed(const Host& host, const std::string& commands) override;
  void pass_answered(const Host& host, std::uint64_t ticket, bool ok) override;

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
  // From when all were told of a silent master until one holds.
  [[nodiscard]] Duration detection_longest() const {
    const vrrp::TakeoverRules& rules = around_.plan.guard();
    // What the second path has said of it is believed for a moment longer.
    return around_.plan.silence() + FastDetection::patience +
           (rules.second_path ? 4 * rules.heartbeat_interval : Duration(0s));
  }
  // BFD (watch_checkers.cc).
  void expect_vigilance(std::size_t router, HostSet set);
  void review_vigilance();
  void judge_vigilance(const Item& item);
  [[nodiscard]] bool is_audible(std::size_t from, std::size_t to, std::size_t router) const;
  // The second path and the witness (guard_checkers.cc).
  void note_facts();
  void note_planned(const Host& host, const VirtualRouter& router, const vrrp::Event& event,
                    const vrrp::Actions& actions);
  void judge_takeover(const Host& host, const VirtualRouter& router, const std::string& reason);
  void judge_second_path(const Host& host, const VirtualRouter& router);
  void watch_rivals(std::size_t router);
  // Handovers (pair_checkers.cc).
  void review_leftovers(const Host& host);
  void review_silence(const Host& host);
  void review_connections(Host& host);
  void review_answers(const Host& host);
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
  // Whom BFD watches since all has settled; who fell silent is to be noticed.
  struct Vigil {
    bool on = false;
    bool silent = false;
    std::size_t master = 0;
  };
  std::array<std::array<Vigil, routers_max>, hosts_max> vigils_{};
  // Since when things are as they are; `never`: they are not.
  Instant disturbed_at_{};
  std::array<Instant, hosts_max> awake_since_{};
  std::array<Instant, hosts_max> dark_since_{};
  std::array<std::array<Instant, hosts_max>, hosts_max> second_open_since_{};  // [from][to]
  std::array<std::array<Instant, routers_max>, hosts_max> master_since_{};
  std::array<std::array<bool, routers_max>, hosts_max> planned_{};  // the master said that it goes
  // Handovers.
  std::map<std::pair<std::size_t, std::string>, Instant> leftovers_;  // of a host, by name: since
  struct Answer {
    std::uint64_t ticket = 0;
    Instant asked{};
  };
  std::array<std::vector<Answer>, hosts_max> answers_{};  // that are owed to operators
  std::uint32_t connections_in_ = 0;  // they are judged as long as there are so many disturbances
  Instant looked_at_connections_{};
  bool filter_refused_ = false;
  std::array<std::array<Instant, routers_max>, hosts_max> wrong_since_{};  // about silence
  std::array<vrrp::action::Notice, hosts_max> group_notice_{};
};

}  // namespace baton::simulation
