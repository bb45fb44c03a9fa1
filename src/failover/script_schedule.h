// When check scripts run and what their results mean. Pure: who drives it starts the runs that
// due() names, by ticket, and reports what came of them.
//
// A script runs every `interval`; one that still runs when its next turn comes is not started
// twice. Nobody answers for ever: a run without a result counts as failed after its timeout and
// `answer_grace`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/model/failover.h"
#include "ipc/messages.h"
#include "vrrp/tracker.h"

namespace baton::failover {

// "exited with status 1", "timed out", ...
std::string describe(const ipc::ScriptResult& result);

struct ScriptState {
  explicit ScriptState(const config::VrrpScript& script)
      : health(script.rise, script.fall, script.initially_failed) {}

  vrrp::ScriptHealth health;
  Instant next_due{};
  std::uint64_t ticket = 0;  // of the run under way; 0: none
  Instant started{};
  std::uint64_t runs = 0;
  std::uint64_t failures = 0;
  std::optional<ipc::ScriptResult> last;
  Instant last_ended{};
};

class ScriptSchedule {
 public:
  static constexpr Duration answer_grace = 5s;

  // What a result, or its absence, changed.
  struct Outcome {
    std::uint32_t script = 0;
    bool health_changed = false;
    std::vector<std::string> lines;  // for the log
  };
  struct Due {
    std::uint32_t script = 0;
    std::uint64_t ticket = 0;  // 0: skipped, it still runs
  };

  // The scripts of `config` from now on; those of the same name and command go on as they are.
  void configure(std::shared_ptr<const config::Failover> config, Instant now);

  // The runs under way end without a result: nothing is concluded from them, and they start anew.
  void forget_runs(Instant now);
  // When due() has something next; `never` without scripts.
  [[nodiscard]] Instant next_due() const;
  // The runs to start now.
  std::vector<Due> due(Instant now);
  // Runs that were never answered.
  std::vector<Outcome> overdue(Instant now);
  // Nothing for a ticket of a script that is gone.
  std::optional<Outcome> report(std::uint64_t ticket, const ipc::ScriptResult& result, Instant now);

  [[nodiscard]] const std::vector<ScriptState>& states() const { return states_; }

 private:
  Outcome finish(std::uint32_t script, const ipc::ScriptResult& result, Instant now);
  [[nodiscard]] Duration timeout(std::uint32_t script) const;

  std::shared_ptr<const config::Failover> config_;
  std::vector<ScriptState> states_;
  std::vector<bool> used_;  // tracked by an instance; others do not run
  std::uint64_t last_ticket_ = 0;
};

}  // namespace baton::failover
