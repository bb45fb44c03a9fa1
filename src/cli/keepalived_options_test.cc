// Command lines as units and containers write them.

#include "cli/keepalived_options.h"

#include <gtest/gtest.h>
#include <signal.h>

namespace baton::cli {
namespace {

TEST(KeepalivedOptionsTest, the_command_lines_of_units_and_containers_are_understood) {
  const auto unit = parse_keepalived_options({"--dont-fork", "-D", "-S", "3"});
  EXPECT_EQ(unit.problem, "");
  EXPECT_TRUE(unit.dont_fork && unit.log_detail);
  EXPECT_EQ(unit.log_facility, LOG_LOCAL3);
  const auto container =
      parse_keepalived_options({"-nlDPf", "/k.conf", "-p", "/p", "-r/r", "--checkers_pid=/c"});
  EXPECT_EQ(container.problem, "");
  EXPECT_TRUE(container.dont_fork && container.log_console && container.log_detail);
  EXPECT_EQ(container.config, "/k.conf");
  EXPECT_EQ(container.pid_path, "/p");
  EXPECT_EQ(container.vrrp_pid_path, "/r");
  EXPECT_EQ(container.notes.size(), 1u);  // the checkers' pid file
}

TEST(KeepalivedOptionsTest, facilities_may_be_numbers_or_words) {
  EXPECT_EQ(parse_keepalived_options({"-S", "local5"}).log_facility, LOG_LOCAL5);
  EXPECT_EQ(parse_keepalived_options({"-S", "user"}).log_facility, LOG_USER);
  EXPECT_NE(parse_keepalived_options({"-S", "8"}).problem, "");
}

TEST(KeepalivedOptionsTest, a_test_may_name_its_log) {
  EXPECT_EQ(parse_keepalived_options({"-t/tmp/x", "-f", "a"}).test_log, "/tmp/x");
  EXPECT_EQ(parse_keepalived_options({"--config-test"}).test_log, "");
  EXPECT_TRUE(parse_keepalived_options({"--config-test"}).test);
}

TEST(KeepalivedOptionsTest, wrong_command_lines_are_refused) {
  EXPECT_EQ(parse_keepalived_options({"--bogus"}).problem, "Unknown option --bogus");
  EXPECT_EQ(parse_keepalived_options({"extra"}).problem, "Unexpected argument(s): extra");
  EXPECT_EQ(parse_keepalived_options({"-f"}).problem, "Missing parameter for option -f");
}

TEST(KeepalivedOptionsTest, signal_names_give_the_numbers_of_keepalived) {
  EXPECT_EQ(keepalived_signal("RELOAD"), SIGHUP);
  EXPECT_EQ(keepalived_signal("DATA"), SIGUSR1);
  EXPECT_EQ(keepalived_signal("JSON"), 36);
  EXPECT_EQ(keepalived_signal("STATS_CLEAR"), 63);
  EXPECT_EQ(keepalived_signal("FOO"), 0);
}

}  // namespace
}  // namespace baton::cli
