// sd_notify(3) in a few lines.

#include "supervisor/service_manager.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "runtime/fd.h"

namespace baton::supervisor {

ServiceManager ServiceManager::from_environment() {
  const char* path = std::getenv("NOTIFY_SOCKET");
  ServiceManager result(path ? path : "");
  ::unsetenv("NOTIFY_SOCKET");
  return result;
}

void ServiceManager::ready(pid_t main_pid, std::string_view status) const {
  send(fmt::format("READY=1\nMAINPID={}\nSTATUS={}", main_pid, status));
}

void ServiceManager::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const auto us = static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", us));
}

void ServiceManager::stopping() const {
  send("STOPPING=1");
}

void ServiceManager::extend_stop(Duration duration, std::string_view status) const {
  send(fmt::format("EXTEND_TIMEOUT_USEC={}\nSTATUS={}", to_ms(duration) * 1000, status));
}

void ServiceManager::status(std::string_view text) const {
  send(fmt::format("STATUS={}", text));
}

void ServiceManager::send(const std::string& lines) const {
  sockaddr_un name{};
  if (socket_path_.empty() || socket_path_.size() >= sizeof(name.sun_path)) return;
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, socket_path_.data(), socket_path_.size());
  if (name.sun_path[0] == '@') name.sun_path[0] = '\0';  // abstract namespace
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_path_.size());
  runtime::Fd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return;
  // Nobody is there to be told of a failure.
  static_cast<void>(::sendto(fd.get(), lines.data(), lines.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&name), length));
}

}  // namespace baton::supervisor
