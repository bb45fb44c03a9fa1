// Whether the proxy is there, from its pulse (ipc/pulse.h). Pure but for looking at the shared
// page: who drives it says when a generation was attached, when its life ended, and what time it
// is.
//
// Only the newest generation counts. When its process ends, the supervisor starts another at once
// and the listening sockets live on, so nothing is given up within `restart_grace`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ipc/pulse.h"
#include "vrrp/tracker.h"

namespace baton::failover {

class ProxyWatch {
 public:
  static constexpr Duration restart_grace = 150ms;
  // ... and while a backup watches this node closely.
  static constexpr Duration watched_grace = 40ms;
  // How long a proxy that is expected may take to announce itself before that is a failure.
  static constexpr Duration announce_grace = 2s;

  enum class State : std::uint8_t { absent, alive, restarting, dead, hung };

  explicit ProxyWatch(Instant now) : since_(now) {}

  void attached(std::uint64_t generation, ipc::Pulse pulse, Instant now);
  // The process of `generation` has ended.
  void life_ended(std::uint64_t generation, Instant now);
  // `on_purpose`: it was stopped and none follows.
  void retired(std::uint64_t generation, bool on_purpose, Instant now);
  void set_grace(Duration grace) { grace_ = grace; }
  // Looks at the page and at the graces. True when state() changed.
  bool look(Instant now);
  // When look() should be called at the latest for a grace that runs; `never` when none does.
  [[nodiscard]] Instant deadline() const;

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] Instant since() const { return since_; }
  [[nodiscard]] std::uint64_t generation() const { return generation_; }
  [[nodiscard]] bool was_announced() const { return generation_ != 0; }
  [[nodiscard]] const std::optional<ipc::Pulse>& pulse() const { return pulse_; }
  // What trackers are told; `expected_absent`: nobody came within announce_grace.
  [[nodiscard]] vrrp::Health health() const;
  [[nodiscard]] std::string detail() const;

 private:
  void set(State state, Instant now);

  State state_ = State::absent;
  Duration grace_ = restart_grace;
  Instant since_;
  bool missed_ = false;  // absent for longer than announce_grace
  std::uint64_t generation_ = 0;
  std::optional<ipc::Pulse> pulse_;
  Instant attached_at_{};
};

// "alive", "restarting", ...
const char* name_of(ProxyWatch::State state);

}  // namespace baton::failover
