// Rounds of health checks, and what they mean.

#include "proxy/health/health_checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "upstream/check_state.h"

namespace baton::proxy {

HealthChecker::HealthChecker(runtime::Loop& loop, const config::Proxy& config,
                             upstream::Upstreams& upstreams, Log& log, std::uint64_t seed)
    : loop_(loop), upstreams_(upstreams), log_(log), random_(seed) {
  for (const config::Server& server : config.servers) {
    for (const config::Location& location : server.locations) {
      if (!location.health_check || !location.proxy) continue;
      for (const config::HealthCheckRule& rule : location.health_check->rules) {
        auto check = std::make_unique<Check>(rule.match.get());
        check->plan = {&config, &server, &location, &rule, &check->judge};
        check->group = location.proxy->upstream;
        checks_.push_back(std::move(check));
      }
    }
  }
}

void HealthChecker::start(runtime::TaskScope& scope) {
  scope_ = &scope;
  for (auto& check : checks_) scope.spawn(repeat(*check));
}

bool HealthChecker::settled() const {
  return std::ranges::all_of(checks_, [](const auto& check) {
    return !check->plan.rule->mandatory || check->unsettled == 0;
  });
}

std::vector<HealthChecker::Subject> HealthChecker::subjects(Check& check) {
  std::vector<Subject> result;
  for (auto& [slot, standing] : check.standings) standing->seen = false;
  for (const upstream::Peer& peer : upstreams_.group(check.group).peers()) {
    if (peer.down) continue;
    auto& standing = check.standings[peer.shared];
    if (!standing) {
      standing = std::make_unique<Standing>();
      standing->out = upstream::check_state(peer.shared->check_word, peer.health.checks) ==
                      upstream::CheckState::unhealthy;
    }
    standing->seen = true;
    if (standing->running) continue;
    Subject subject{peer.name,
                    {peer.endpoint, peer.unix_path},
                    peer.shared,
                    peer.health.checks,
                    standing.get()};
    if (check.plan.rule->port) subject.target.endpoint.port = *check.plan.rule->port;
    result.push_back(std::move(subject));
  }
  std::erase_if(check.standings,
                [](const auto& entry) { return !entry.second->seen && !entry.second->running; });
  return result;
}

runtime::Task<void> HealthChecker::repeat(Check& check) {
  bool first = true;
  while (!ending()) {
    std::vector<Subject> round = subjects(check);
    if (first) check.unsettled = round.size();
    first = false;
    for (Subject& subject : round) {
      while (running_ >= checks_running_max && !ending()) co_await loop_.sleep_for(5ms);
      if (ending()) break;
      subject.standing->running = true;
      ++running_;
      scope_->spawn(examine(check, std::move(subject)));
    }
    co_await loop_.sleep_for(check.plan.rule->interval);
  }
}

runtime::Task<void> HealthChecker::examine(Check& check, Subject subject) {
  const auto jitter = static_cast<std::uint64_t>(check.plan.rule->jitter.count());
  if (jitter > 0)
    co_await loop_.sleep_for(Duration(static_cast<std::int64_t>(random_.below(jitter))));
  if (!ending()) {
    HealthFinding finding;
    HealthProbe probe(loop_, check.plan, subject.standing->connection);
    co_await probe.run(subject.target, finding);
    if (!ending()) record(check, subject, finding);
  }
  subject.standing->running = false;
  if (ending()) subject.standing->connection.stream.reset();
  if (check.unsettled > 0) --check.unsettled;
  --running_;
}

void HealthChecker::record(Check& check, const Subject& subject, const HealthFinding& finding) {
  const config::HealthCheckRule& rule = *check.plan.rule;
  const upstream::Group& group = upstreams_.group(check.group);
  Standing& standing = *subject.standing;
  ipc::PeerSlot& slot = *subject.slot;
  const upstream::CheckRule& state_rule = subject.rule;
  slot.checks.fetch_add(1, std::memory_order_relaxed);
  if (!finding.healthy) slot.checks_failed.fetch_add(1, std::memory_order_relaxed);
  slot.check_passed_last.store(finding.healthy, std::memory_order_relaxed);
  standing.fails = finding.healthy ? 0 : standing.fails + 1;
  standing.passes = finding.healthy ? standing.passes + 1 : 0;
  const std::string about = fmt::format("health check \"{}\" of peer {} in upstream \"{}\"",
                                        rule.match_name, subject.name, group.config().name);
  const bool was_out = standing.out;
  const bool first = rule.mandatory && !standing.checked;
  const bool decided = first || standing.fails >= rule.fails ||
                       (finding.healthy && (!was_out || standing.passes >= rule.passes));
  standing.checked = true;
  if (!finding.problem.empty()) {
    // Once in each series: a server that is down for a day need not fill the log.
    log_.print(standing.fails == 1 ? LogLevel::error : LogLevel::info, "{} while {}, {}",
               finding.problem, finding.action, about);
  }
  if (!decided) return;
  standing.out = !finding.healthy;
  const auto before =
      upstream::check_state(slot.check_word.load(std::memory_order_relaxed), state_rule);
  if (!upstream::note_check(slot.check_word, state_rule, rule.number, finding.healthy)) return;
  if (before == upstream::CheckState::unhealthy && finding.healthy) {
    // Slow start counts from here.
    slot.recovered_ns.store(loop_.now().time_since_epoch().count(), std::memory_order_relaxed);
  }
  upstreams_.group(check.group).checks_changed();
  const auto after =
      upstream::check_state(slot.check_word.load(std::memory_order_relaxed), state_rule);
  if (standing.out && !was_out) {
    slot.times_unhealthy.fetch_add(1, std::memory_order_relaxed);
    log_.print(LogLevel::warning, "peer is unhealthy while {}, {}", finding.action, about);
  } else if (after == upstream::CheckState::healthy && before != after) {
    // Its slow start begins.
    slot.recovered_ns.store(loop_.now().time_since_epoch().count(), std::memory_order_relaxed);
    log_.print(LogLevel::notice, "peer is healthy, {}", about);
  }
}

}  // namespace baton::proxy
