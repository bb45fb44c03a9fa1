// `baton check` and `nginx -t` as their users see them.

#include "cli/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace baton::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view good_proxy =
    "events { worker_connections 1024; }\nhttp {\n  server {\n    listen 80;\n  }\n}\n";
constexpr std::string_view good_failover =
    "vrrp_instance VI_1 {\n  interface ens33\n  virtual_router_id 51\n  virtual_ipaddress {\n"
    "    192.168.175.100\n  }\n}\n";

class CheckTest : public testing::Test {
 protected:
  CheckTest() {
    std::string pattern = testing::TempDir() + "baton-check-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~CheckTest() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& name, std::string_view text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }
  // Checks a pair of files; what was printed is in `shown_`.
  int check_both(std::string_view proxy, std::string_view failover, bool colours = false) {
    CheckOptions options;
    options.proxy_path = write("nginx.conf", proxy);
    options.failover_path = write("keepalived.conf", failover);
    options.proxy_prefix = folder_;
    options.colours = colours;
    std::ostringstream out;
    const int code = check(options, out);
    shown_ = out.str();
    return code;
  }
  int test_proxy(std::string_view text, bool quiet = false, bool dump = false) {
    NginxTestOptions options;
    options.load.path = write("nginx.conf", text);
    options.load.prefix = folder_;
    options.quiet = quiet;
    options.dump = dump;
    std::ostringstream out;
    std::ostringstream errors;
    const int code = nginx_test(options, out, errors);
    shown_ = errors.str();
    dumped_ = out.str();
    return code;
  }

  std::string folder_;
  std::string shown_;
  std::string dumped_;
};

TEST_F(CheckTest, FilesInOrderGiveOneLine) {
  EXPECT_EQ(check_both(good_proxy, good_failover), 0);
  EXPECT_EQ(shown_, "0 errors, 0 warnings, 0 notes: in order\n");
}

TEST_F(CheckTest, ProblemsOfBothFilesAreShownAtOnceWithCaretAndSuggestion) {
  std::string proxy(good_proxy);
  proxy.replace(proxy.find("worker_connections"), 18, "worker_conections");
  std::string failover(good_failover);
  failover.insert(failover.find("  virtual_ip"), "  priorty 100\n");
  EXPECT_EQ(check_both(proxy, failover), 1);
  EXPECT_THAT(shown_, HasSubstr(folder_ + "/nginx.conf:1:10: error: "));
  EXPECT_THAT(shown_, HasSubstr("\"worker_connections\""));
  EXPECT_THAT(shown_, HasSubstr(folder_ + "/keepalived.conf:4:3: error: Unknown keyword 'priorty'\n"
                                          "      priorty 100\n      ^~~~~~~\n"
                                          "    did you mean \"priority\"?\n"));
  EXPECT_THAT(shown_, EndsWith("2 errors, 0 warnings, 0 notes: baton would not start with this\n"));
}

TEST_F(CheckTest, WhatKeepalivedToleratesIsAnErrorThatDoesNotStopBaton) {
  std::string failover(good_failover);
  failover.insert(failover.find("  virtual_ip"), "  priority 150;\n");
  EXPECT_EQ(check_both(good_proxy, failover), 1);
  EXPECT_THAT(shown_, EndsWith("1 error, 0 warnings, 0 notes: baton would start all the same, as "
                               "keepalived does\n"));
}

TEST_F(CheckTest, WarningsAndNotesDoNotFail) {
  std::string failover(good_failover);
  failover.insert(failover.find("  virtual_ip"),
                  "  authentication {\n    auth_type PASS\n"
                  "    auth_pass 123456789\n  }\n  debug 1\n");
  EXPECT_EQ(check_both(good_proxy, failover), 0);
  EXPECT_THAT(shown_, EndsWith("0 errors, 1 warning, 1 note: in order\n"));
}

TEST_F(CheckTest, AVirtualAddressThatNobodyListensOnIsNoted) {
  std::string proxy(good_proxy);
  proxy.replace(proxy.find("listen 80"), 9, "listen 127.0.0.1:80");
  EXPECT_EQ(check_both(proxy, good_failover), 0);
  EXPECT_THAT(shown_, HasSubstr("keepalived.conf:5:5: note: no `listen` of the proxy covers "
                                "192.168.175.100"));
}

TEST_F(CheckTest, AListenOnTheVirtualAddressItselfIsEnough) {
  std::string proxy(good_proxy);
  proxy.replace(proxy.find("listen 80"), 9, "listen 192.168.175.100:80");
  EXPECT_EQ(check_both(proxy, good_failover), 0);
  EXPECT_THAT(shown_, Not(HasSubstr("no `listen`")));
}

TEST_F(CheckTest, ColoursAreForTerminalsOnly) {
  check_both("zork;\n", good_failover, true);
  EXPECT_THAT(shown_, HasSubstr("\x1b[1;31merror: \x1b[0m"));
  check_both("zork;\n", good_failover);
  EXPECT_THAT(shown_, Not(HasSubstr("\x1b")));
}

TEST_F(CheckTest, OneFileAloneCanBeChecked) {
  CheckOptions options;
  options.failover_path = write("keepalived.conf", good_failover);
  std::ostringstream out;
  EXPECT_EQ(check(options, out), 0);
}

TEST_F(CheckTest, AMissingFileIsAnError) {
  CheckOptions options;
  options.proxy_path = folder_ + "/nothing";
  options.failover_path = folder_ + "/nothing-either";
  std::ostringstream out;
  EXPECT_EQ(check(options, out), 1);
  EXPECT_THAT(out.str(), HasSubstr("\"" + folder_ + "/nothing\" failed (2: No such file"));
  EXPECT_THAT(out.str(), HasSubstr("error: cannot read the configuration file '" + folder_ +
                                   "/nothing-either': No such file"));
}

TEST_F(CheckTest, TenThousandServersAreCheckedInLittleTime) {
  std::string proxy = "events {}\nhttp {\n";
  for (int i = 0; i < 10000; ++i) {
    proxy += "  server { listen 80; server_name s" + std::to_string(i) +
             ".example; location / { return 204; } }\n";
  }
  EXPECT_EQ(check_both(proxy + "}\n", good_failover), 0);
}

TEST_F(CheckTest, NginxTestSaysThatAllIsWell) {
  EXPECT_EQ(test_proxy(good_proxy), 0);
  const std::string path = folder_ + "/nginx.conf";
  EXPECT_THAT(shown_, EndsWith("nginx: the configuration file " + path +
                               " syntax is ok\nnginx: configuration file " + path +
                               " test is successful\n"));
  EXPECT_EQ(dumped_, "");
}

TEST_F(CheckTest, NginxTestNamesFileAndLineOfAnError) {
  EXPECT_EQ(test_proxy("events {}\nzork on;\n"), 1);
  const std::string path = folder_ + "/nginx.conf";
  EXPECT_THAT(shown_, HasSubstr("nginx: [emerg] unknown directive \"zork\" in " + path + ":2\n"));
  EXPECT_THAT(shown_, EndsWith("nginx: configuration file " + path + " test failed\n"));
}

TEST_F(CheckTest, QuietNginxTestSaysNothingWhenAllIsWell) {
  EXPECT_EQ(test_proxy(good_proxy, true), 0);
  EXPECT_EQ(shown_, "");
}

TEST_F(CheckTest, NginxTestDumpsTheFilesItRead) {
  write("more.conf", "# more\n");
  EXPECT_EQ(test_proxy("include more.conf;\nevents {}\n", false, true), 0);
  EXPECT_EQ(dumped_, "# configuration file " + folder_ +
                         "/nginx.conf:\ninclude more.conf;\nevents {}\n\n# configuration file " +
                         folder_ + "/more.conf:\n# more\n\n");
}

}  // namespace
}  // namespace baton::cli
