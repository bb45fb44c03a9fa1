// Intervals, overlap, lost answers, reloads and the log lines of check scripts.

#include "failover/script_schedule.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

using ipc::ScriptOutcome;
using ipc::ScriptResult;

std::shared_ptr<config::Failover> make_config(std::uint32_t rise = 1, std::uint32_t fall = 1) {
  auto config = std::make_shared<config::Failover>();
  config::VrrpScript script;
  script.name = "chk";
  script.command.arguments = {"/bin/true"};
  script.rise = rise;
  script.fall = fall;
  config->scripts.push_back(script);
  config::VrrpInstance instance;
  instance.tracked_scripts.push_back({});
  config->instances.push_back(instance);
  return config;
}

const ScriptResult good{ScriptOutcome::exited, 0, 5ms};
const ScriptResult bad{ScriptOutcome::exited, 1, 5ms};

TEST(ScriptSchedule, RunsAtOnceAndThenEveryInterval) {
  ScriptSchedule schedule;
  schedule.configure(make_config(), Instant{});
  const auto first = schedule.due(Instant{});
  ASSERT_EQ(first.size(), 1u);
  schedule.report(first[0].ticket, good, Instant{10ms});
  EXPECT_EQ(schedule.next_due(), Instant{1s});
  EXPECT_TRUE(schedule.due(Instant{999ms}).empty());
  EXPECT_EQ(schedule.due(Instant{1s}).size(), 1u);
}

TEST(ScriptSchedule, UntrackedScriptsNeverRun) {
  auto config = make_config();
  config->instances.clear();
  ScriptSchedule schedule;
  schedule.configure(config, Instant{});
  EXPECT_TRUE(schedule.due(Instant{10s}).empty());
  EXPECT_EQ(schedule.next_due(), never);
}

TEST(ScriptSchedule, DoesNotStartOneThatStillRuns) {
  ScriptSchedule schedule;
  schedule.configure(make_config(), Instant{});
  schedule.due(Instant{});
  const auto second = schedule.due(Instant{1s});
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].ticket, 0u);
}

TEST(ScriptSchedule, FailsAfterSoManyFailuresWithKeepalivedsLines) {
  ScriptSchedule schedule;
  schedule.configure(make_config(2, 3), Instant{});
  const auto run = [&](Instant now, const ScriptResult& result) {
    return *schedule.report(schedule.due(now).at(0).ticket, result, now);
  };
  EXPECT_EQ(run(Instant{0s}, good).lines, std::vector<std::string>{"VRRP_Script(chk) succeeded"});
  EXPECT_EQ(run(Instant{1s}, bad).lines, std::vector<std::string>{"Script `chk` now returning 1"});
  EXPECT_FALSE(run(Instant{2s}, bad).health_changed);
  const auto third = run(Instant{3s}, bad);
  EXPECT_TRUE(third.health_changed);
  EXPECT_EQ(third.lines,
            std::vector<std::string>{"VRRP_Script(chk) failed (exited with status 1)"});
}

TEST(ScriptSchedule, RunWithoutAnswerCountsAsFailed) {
  ScriptSchedule schedule;
  schedule.configure(make_config(), Instant{});
  schedule.due(Instant{});
  EXPECT_TRUE(schedule.overdue(Instant{5s}).empty());
  const auto outcomes = schedule.overdue(Instant{6s});
  ASSERT_EQ(outcomes.size(), 1u);
  EXPECT_TRUE(outcomes[0].health_changed);
  EXPECT_EQ(outcomes[0].lines, std::vector<std::string>{"VRRP_Script(chk) timed_out"});
  EXPECT_NE(schedule.due(Instant{7s}).at(0).ticket, 0u);
}

TEST(ScriptSchedule, ReloadKeepsHealthAndTheRunningTicket) {
  ScriptSchedule schedule;
  schedule.configure(make_config(), Instant{});
  schedule.report(schedule.due(Instant{}).at(0).ticket, good, Instant{});
  const auto ticket = schedule.due(Instant{1s}).at(0).ticket;
  auto config = make_config();
  config->scripts.insert(config->scripts.begin(), config->scripts[0]);
  config->scripts[0].name = "other";
  config->instances[0].tracked_scripts[0].script = 1;
  schedule.configure(config, Instant{1s});
  EXPECT_EQ(schedule.states()[1].health.health(), vrrp::Health::up);
  const auto outcome = schedule.report(ticket, bad, Instant{1s});
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->script, 1u);
}

TEST(ScriptSchedule, AnswersForGoneScriptsAreNothing) {
  ScriptSchedule schedule;
  schedule.configure(make_config(), Instant{});
  EXPECT_FALSE(schedule.report(0, good, Instant{}));
  EXPECT_FALSE(schedule.report(77, good, Instant{}));
}

}  // namespace
}  // namespace baton::failover
