// Intervals, overlap, and keepalived's log lines for results.

#include "failover/script_schedule.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>

namespace baton::failover {

namespace {

bool is_success(const ipc::ScriptResult& result) {
  return result.outcome == ipc::ScriptOutcome::exited && result.code == 0;
}

bool same_command(const config::VrrpScript& a, const config::VrrpScript& b) {
  return a.name == b.name && a.command.arguments == b.command.arguments &&
         a.command.user.uid == b.command.user.uid && a.command.user.gid == b.command.user.gid;
}

}  // namespace

std::string describe(const ipc::ScriptResult& result) {
  switch (result.outcome) {
    case ipc::ScriptOutcome::exited:
      return fmt::format("exited with status {}", result.code);
    case ipc::ScriptOutcome::signalled:
      return fmt::format("killed by signal {}", result.code);
    case ipc::ScriptOutcome::timed_out:
      return "timed out";
    case ipc::ScriptOutcome::not_started:
      return fmt::format("could not be started: {}", ::strerrordesc_np(result.code));
  }
  return "";
}

void ScriptSchedule::configure(std::shared_ptr<const config::Failover> config, Instant now) {
  const auto earlier_config = std::exchange(config_, std::move(config));
  const auto earlier = std::exchange(states_, {});
  used_.assign(config_->scripts.size(), false);
  for (const auto& instance : config_->instances) {
    for (const auto& tracked : instance.tracked_scripts) used_.at(tracked.script) = true;
  }
  for (const auto& script : config_->scripts) {
    states_.emplace_back(script);
    states_.back().next_due = now;
    if (!earlier_config) continue;
    for (std::size_t i = 0; i < earlier.size(); ++i) {
      if (!same_command(earlier_config->scripts[i], script)) continue;
      states_.back() = earlier[i];
      states_.back().health.set_limits(script.rise, script.fall);
      states_.back().next_due = std::min(earlier[i].next_due, now + script.interval);
    }
  }
}

void ScriptSchedule::forget_runs(Instant now) {
  for (ScriptState& state : states_) {
    if (state.ticket == 0) continue;
    state.ticket = 0;
    state.next_due = std::min(state.next_due, now);
  }
}

Instant ScriptSchedule::next_due() const {
  Instant next = never;
  for (std::size_t i = 0; i < states_.size(); ++i) {
    if (used_[i]) next = std::min(next, states_[i].next_due);
  }
  return next;
}

std::vector<ScriptSchedule::Due> ScriptSchedule::due(Instant now) {
  std::vector<Due> runs;
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    ScriptState& state = states_[i];
    if (!used_[i] || state.next_due > now) continue;
    const Duration interval = std::max<Duration>(config_->scripts[i].interval, 10ms);
    state.next_due += interval;
    if (state.next_due <= now) state.next_due = now + interval;
    if (state.ticket != 0) {
      runs.push_back(Due{i, 0});
      continue;
    }
    state.ticket = ++last_ticket_;
    state.started = now;
    ++state.runs;
    runs.push_back(Due{i, state.ticket});
  }
  return runs;
}

std::vector<ScriptSchedule::Outcome> ScriptSchedule::overdue(Instant now) {
  std::vector<Outcome> outcomes;
  for (std::uint32_t i = 0; i < states_.size(); ++i) {
    const ScriptState& state = states_[i];
    if (state.ticket == 0 || now - state.started < timeout(i) + answer_grace) continue;
    outcomes.push_back(finish(i, {ipc::ScriptOutcome::timed_out, 0, now - state.started}, now));
  }
  return outcomes;
}

std::optional<ScriptSchedule::Outcome> ScriptSchedule::report(std::uint64_t ticket,
                                                              const ipc::ScriptResult& result,
                                                              Instant now) {
  if (ticket == 0) return std::nullopt;
  const auto found = std::ranges::find(states_, ticket, &ScriptState::ticket);
  if (found == states_.end()) return std::nullopt;
  return finish(static_cast<std::uint32_t>(found - states_.begin()), result, now);
}

ScriptSchedule::Outcome ScriptSchedule::finish(std::uint32_t script,
                                               const ipc::ScriptResult& result, Instant now) {
  ScriptState& state = states_[script];
  const std::string& name = config_->scripts[script].name;
  Outcome outcome{script, false, {}};
  const bool success = is_success(result);
  const bool both_exited = state.last && state.last->outcome == ipc::ScriptOutcome::exited &&
                           result.outcome == ipc::ScriptOutcome::exited;
  if (both_exited && state.last->code != result.code) {
    outcome.lines.push_back(fmt::format("Script `{}` now returning {}", name, result.code));
  }
  state.ticket = 0;
  state.last = result;
  state.last_ended = now;
  if (!success) ++state.failures;
  outcome.health_changed = state.health.report(success);
  if (outcome.health_changed) {
    outcome.lines.push_back(
        success ? fmt::format("VRRP_Script({}) succeeded", name)
        : result.outcome == ipc::ScriptOutcome::timed_out
            ? fmt::format("VRRP_Script({}) timed_out", name)
            : fmt::format("VRRP_Script({}) failed ({})", name, describe(result)));
  }
  return outcome;
}

Duration ScriptSchedule::timeout(std::uint32_t script) const {
  const config::VrrpScript& settings = config_->scripts[script];
  return settings.timeout > 0s ? settings.timeout : settings.interval;
}

}  // namespace baton::failover
