#include "failover/process_census.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

using vrrp::Health;
using Match = config::TrackProcess::Match;

constexpr Instant start = Instant{} + 100s;

config::TrackProcess wanted(std::vector<std::string> command, Match match = Match::name) {
  config::TrackProcess process;
  process.name = "p";
  process.command = std::move(command);
  process.match = match;
  return process;
}

linux::ProcessNames names(const std::string& comm, std::vector<std::string> arguments = {}) {
  return {comm, std::move(arguments)};
}

TEST(ProcessCensus, ANameMatchesWholeOnly) {
  EXPECT_TRUE(matches(wanted({"ssh"}), names("ssh")));
  EXPECT_FALSE(matches(wanted({"ssh"}), names("sshd")));
  EXPECT_FALSE(matches(wanted({"sshd"}), names("ssh")));
}

TEST(ProcessCensus, ParametersMatchWholeInPartOrByTheirBeginning) {
  const auto process = names("app", {"/bin/app", "-c", "main.conf"});
  EXPECT_TRUE(matches(wanted({"app", "-c", "main.conf"}, Match::exact), process));
  EXPECT_FALSE(matches(wanted({"app", "-c"}, Match::exact), process));
  EXPECT_TRUE(matches(wanted({"app", "-c"}, Match::partial), process));
  EXPECT_FALSE(matches(wanted({"app", "-c", "main"}, Match::partial), process));
  EXPECT_TRUE(matches(wanted({"app", "-c", "main"}, Match::initial), process));
  EXPECT_FALSE(matches(wanted({"app", "-", "main"}, Match::initial), process));
  EXPECT_FALSE(matches(wanted({"app"}, Match::exact), process));
}

TEST(ProcessCensus, AFullCommandIsHeldAgainstTheCommandLine) {
  auto full = wanted({"/bin/app"});
  full.full_command = true;
  EXPECT_TRUE(matches(full, names("other", {"/bin/app", "x"})));
  EXPECT_FALSE(matches(full, names("/bin/app", {"app"})));
}

TEST(ProcessCensus, WhatIsFoundFirstCountsAtOnceAndLaterChangesAfterTheirDelay) {
  auto process = wanted({"app"});
  process.quorum = 2;
  process.fork_delay = 1s;
  process.terminate_delay = 500ms;
  ProcessCensus census;
  census.configure({process});
  census.put(10, names("app"));
  auto changes = census.review(start);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].health, Health::down);
  EXPECT_EQ(changes[0].detail, "1 of 2 processes");

  census.put_copy(11, 10);
  EXPECT_TRUE(census.review(start).empty());
  EXPECT_EQ(census.next_due(), start + 1s);
  EXPECT_TRUE(census.review(start + 999ms).empty());
  EXPECT_EQ(census.review(start + 1s).at(0).health, Health::up);

  census.remove(10);
  EXPECT_TRUE(census.review(start + 2s).empty());
  EXPECT_EQ(census.review(start + 2500ms).at(0).health, Health::down);
}

TEST(ProcessCensus, AProcessThatIsBackInTimeWasNeverAway) {
  auto process = wanted({"app"});
  process.terminate_delay = 500ms;
  ProcessCensus census;
  census.configure({process});
  census.put(10, names("app"));
  census.review(start);
  census.remove(10);
  EXPECT_TRUE(census.review(start + 1s).empty());
  census.put(12, names("app"));
  EXPECT_TRUE(census.review(start + 1200ms).empty());
  EXPECT_EQ(census.next_due(), never);
  census.remove(12);
  EXPECT_TRUE(census.review(start + 1600ms).empty()) << "the delay begins anew";
}

TEST(ProcessCensus, TooManyAreAsBadAsTooFew) {
  auto process = wanted({"app"});
  process.quorum_max = 1;
  ProcessCensus census;
  census.configure({process});
  census.put(10, names("app"));
  EXPECT_EQ(census.review(start).at(0).health, Health::up);
  census.put(11, names("app"));
  EXPECT_EQ(census.review(start).at(0).health, Health::down);
}

TEST(ProcessCensus, AnotherProgramInTheSameProcessIsAnotherProcess) {
  ProcessCensus census;
  census.configure({wanted({"app"})});
  census.put(10, names("sh"));
  EXPECT_EQ(census.review(start).at(0).health, Health::down);
  census.put(10, names("app"));
  EXPECT_EQ(census.review(start).at(0).health, Health::up);
  census.put(10, names("true"));
  EXPECT_EQ(census.review(start).at(0).health, Health::down);
}

TEST(ProcessCensus, AReloadWithoutChangeForgetsNothing) {
  ProcessCensus census;
  census.configure({wanted({"app"})});
  census.put(10, names("app"));
  census.review(start);
  EXPECT_FALSE(census.configure({wanted({"app"})}));
  EXPECT_TRUE(census.review(start).empty());
}

TEST(ProcessCensus, ScansRemoveWhoIsNoLongerSeen) {
  ProcessCensus census;
  census.configure({wanted({"app"})});
  census.put(10, names("app"));
  census.put(11, names("app"));
  census.keep_only({1, 11, 12});
  EXPECT_EQ(census.counts()[0].pids, std::set<pid_t>{11});
}

}  // namespace
}  // namespace baton::failover
