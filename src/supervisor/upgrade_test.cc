// What passes from one binary to the next.

#include "supervisor/upgrade.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace baton::supervisor {
namespace {

runtime::Fd listening_socket() {
  runtime::Fd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  EXPECT_EQ(::listen(fd.get(), 1), 0);
  return fd;
}

TEST(UpgradeTest, without_the_variable_nothing_is_inherited) {
  ::unsetenv("NGINX");
  EXPECT_FALSE(take_inheritance());
}

TEST(UpgradeTest, listening_sockets_are_taken_once_and_others_left) {
  runtime::Fd listening = listening_socket();
  const runtime::Fd plain(::socket(AF_INET, SOCK_STREAM, 0));
  const int number = listening.release();
  ::setenv("NGINX", fmt::format("{};{};x;2;99999;", number, plain.get()).c_str(), 1);
  auto inherited = take_inheritance();
  ASSERT_TRUE(inherited);
  ASSERT_EQ(inherited->sockets.size(), 1u);
  EXPECT_EQ(inherited->sockets[0].get(), number);
  EXPECT_FALSE(inherited->link);
  EXPECT_FALSE(take_inheritance());
}

TEST(UpgradeTest, the_new_binary_gets_sockets_arguments_and_a_link) {
  const runtime::Fd listening = listening_socket();
  std::string pattern = testing::TempDir() + "baton-upgrade-XXXXXX";
  const std::string folder = ::mkdtemp(pattern.data());
  const std::string out = folder + "/out";
  const std::string script = fmt::format(
      "echo \"$NGINX|$1\" > {}; test -e /proc/self/fd/{} && "
      "test -e /proc/self/fd/$BATON_UPGRADE",
      out, listening.get());
  runtime::Fd link;
  MemoryLog log;
  const auto pid =
      start_new_binary({"/bin/sh", {"-c", script, "sh", "arg"}, {listening.get()}}, log, link);
  ASSERT_TRUE(pid);
  EXPECT_TRUE(link);
  int status = 0;
  ASSERT_EQ(::waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(status, 0);
  std::string line;
  std::ifstream written(out);
  std::getline(written, line);
  EXPECT_EQ(line, fmt::format("{};|arg", listening.get()));
}

TEST(UpgradeTest, a_program_that_is_not_there_ends_its_process) {
  runtime::Fd link;
  MemoryLog log;
  const auto pid = start_new_binary({"/no/such/program", {}, {}}, log, link);
  ASSERT_TRUE(pid);
  int status = 0;
  ASSERT_EQ(::waitpid(*pid, &status, 0), *pid);
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

}  // namespace
}  // namespace baton::supervisor
