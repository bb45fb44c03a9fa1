// Datagrams as a syslog server sees them.

#include "runtime/syslog_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

namespace baton::runtime {
namespace {

class SyslogServer {
 public:
  explicit SyslogServer(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, path.c_str(), sizeof name.sun_path - 1);
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  }
  std::string receive() {
    std::array<char, 512> text{};
    const ssize_t length = ::recv(fd_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return {text.data(), length < 0 ? 0 : static_cast<std::size_t>(length)};
  }

 private:
  Fd fd_;
};

class SyslogSocketTest : public testing::Test {
 protected:
  SyslogSocketTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "baton-syslog-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/log";
  }
  ~SyslogSocketTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
  std::string path_;
};

TEST_F(SyslogSocketTest, a_line_is_one_datagram) {
  SyslogServer server(path_);
  SyslogSocket socket({}, path_);
  EXPECT_EQ(socket.send("first"), 0);
  EXPECT_EQ(socket.send("second"), 0);
  EXPECT_EQ(server.receive(), "first");
  EXPECT_EQ(server.receive(), "second");
}

TEST_F(SyslogSocketTest, without_a_server_lines_are_lost_and_the_errno_told) {
  SyslogSocket socket({}, path_);
  EXPECT_EQ(socket.send("nobody hears this"), ENOENT);
}

TEST_F(SyslogSocketTest, a_server_that_was_restarted_is_found_again) {
  auto server = std::make_unique<SyslogServer>(path_);
  SyslogSocket socket({}, path_);
  EXPECT_EQ(socket.send("before"), 0);
  server.reset();
  ::unlink(path_.c_str());
  SyslogServer again(path_);
  for (int tries = 0; tries < 30 && socket.send("after") != 0; ++tries) ::usleep(100000);
  EXPECT_EQ(again.receive(), "after");
}

TEST(SyslogHeaderTest, has_priority_time_host_and_tag) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  EXPECT_EQ(syslog_header(187, 1795396050, "vm", "nginx"), "<187>Nov 23 01:07:30 vm nginx: ");
  EXPECT_EQ(syslog_header(190, 1793581200, "", "t"), "<190>Nov  2 01:00:00 t: ");
}

}  // namespace
}  // namespace baton::runtime
