// Command lines as scripts and units write them; complaints as nginx 1.22 words them.

#include "cli/nginx_options.h"

#include <gtest/gtest.h>

namespace baton::cli {
namespace {

TEST(NginxOptionsTest, the_command_lines_of_the_debian_unit_are_understood) {
  const auto test = parse_nginx_options({"-t", "-q", "-g", "daemon on; master_process on;"});
  EXPECT_EQ(test.problem, "");
  EXPECT_TRUE(test.test);
  EXPECT_TRUE(test.quiet);
  EXPECT_EQ(test.directives, "daemon on; master_process on;");
  const auto reload = parse_nginx_options({"-g", "daemon on;", "-s", "reload"});
  EXPECT_EQ(reload.signal, "reload");
}

TEST(NginxOptionsTest, letters_may_be_joined_and_values_may_follow_without_a_blank) {
  const auto options = parse_nginx_options({"-tqc/etc/x.conf", "-sreload", "-p", "/srv"});
  EXPECT_TRUE(options.test && options.quiet);
  EXPECT_EQ(options.config, "/etc/x.conf");
  EXPECT_EQ(options.signal, "reload");
  EXPECT_EQ(options.prefix, "/srv/");
}

TEST(NginxOptionsTest, an_empty_error_log_is_a_value) {
  const auto options = parse_nginx_options({"-e", "", "-t"});
  EXPECT_EQ(options.problem, "");
  EXPECT_TRUE(options.error_log_given);
  EXPECT_TRUE(options.test);
}

TEST(NginxOptionsTest, the_last_of_several_values_counts) {
  EXPECT_EQ(parse_nginx_options({"-g", "pid a;", "-g", "pid b;"}).directives, "pid b;");
}

TEST(NginxOptionsTest, wrong_command_lines_are_refused_in_the_words_of_nginx) {
  EXPECT_EQ(parse_nginx_options({"-x"}).problem, "invalid option: \"x\"");
  EXPECT_EQ(parse_nginx_options({"reload"}).problem, "invalid option: \"reload\"");
  EXPECT_EQ(parse_nginx_options({"-s", "foo"}).problem, "invalid option: \"-s foo\"");
  EXPECT_EQ(parse_nginx_options({"-c"}).problem, "option \"-c\" requires file name");
  EXPECT_EQ(parse_nginx_options({"-p"}).problem, "option \"-p\" requires directory name");
  EXPECT_EQ(parse_nginx_options({"-g"}).problem, "option \"-g\" requires parameter");
}

}  // namespace
}  // namespace baton::cli
