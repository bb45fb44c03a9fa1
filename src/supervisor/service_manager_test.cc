// A datagram socket in place of systemd's.

#include "supervisor/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "runtime/fd.h"

namespace baton::supervisor {
namespace {

TEST(ServiceManagerTest, readiness_goes_to_the_notify_socket_which_no_child_inherits) {
  char pattern[] = "/tmp/baton-notify-XXXXXX";
  const std::string folder = ::mkdtemp(pattern);
  const std::string path = folder + "/s";
  const runtime::Fd fd(::socket(AF_UNIX, SOCK_DGRAM, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.c_str(), path.size());
  ASSERT_EQ(::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0);
  ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  const auto manager = ServiceManager::from_environment();
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  manager.ready(42, "serving");
  char text[256] = {};
  ASSERT_GT(::recv(fd.get(), text, sizeof text - 1, MSG_DONTWAIT), 0);
  EXPECT_STREQ(text, "READY=1\nMAINPID=42\nSTATUS=serving");
  manager.extend_stop(600s, "serving on");
  const auto length = ::recv(fd.get(), text, sizeof text - 1, MSG_DONTWAIT);
  ASSERT_GT(length, 0);
  EXPECT_EQ(std::string_view(text, static_cast<std::size_t>(length)),
            "EXTEND_TIMEOUT_USEC=600000000\nSTATUS=serving on");
  std::filesystem::remove_all(folder);
}

TEST(ServiceManagerTest, without_a_service_manager_nothing_happens) {
  ServiceManager("").stopping();
  ServiceManager("/nonexistent/socket").reloading();
}

}  // namespace
}  // namespace baton::supervisor
