// One connected datagram socket behind a mutex: lines of logs are rare beside requests.

#include "runtime/syslog_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace baton::runtime {

int SyslogSocket::connect() {
  // Where nobody listens at all, one try a second is enough.
  const std::int64_t now = ::time(nullptr);
  if (now == last_failure_second_) return ENOTCONN;
  sockaddr_storage name{};
  unsigned length = 0;
  if (unix_path_.empty()) {
    length = endpoint_.to_sockaddr(name);
  } else {
    auto& local = reinterpret_cast<sockaddr_un&>(name);
    local.sun_family = AF_UNIX;
    std::memcpy(local.sun_path, unix_path_.data(),
                std::min(unix_path_.size(), sizeof local.sun_path - 1));
    length = static_cast<unsigned>(offsetof(sockaddr_un, sun_path) + unix_path_.size() + 1);
  }
  Fd fresh(::socket(name.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fresh || ::connect(fresh.get(), reinterpret_cast<sockaddr*>(&name), length) != 0) {
    last_failure_second_ = now;
    return errno;
  }
  fd_ = std::move(fresh);
  return 0;
}

int SyslogSocket::send(std::string_view datagram) {
  const std::lock_guard lock(mutex_);
  if (!fd_) {
    if (const int error = connect(); error != 0) return error;
  }
  if (::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) return 0;
  const int error = errno;
  // The server was restarted: the old socket of its name leads nowhere. A refusal that UDP was
  // told about an earlier datagram is over with this report.
  if (error != EAGAIN && error != EINTR) {
    fd_.reset();
    if (connect() == 0 && ::send(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL) >= 0) {
      return 0;
    }
  }
  return error;
}

std::string syslog_header(int priority, std::int64_t seconds, std::string_view host,
                          std::string_view tag) {
  static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const time_t when = seconds;
  tm local{};
  ::localtime_r(&when, &local);
  return fmt::format("<{}>{} {:2} {:02}:{:02}:{:02} {}{}{}: ", priority,
                     months.substr(static_cast<std::size_t>(local.tm_mon) * 3, 3), local.tm_mday,
                     local.tm_hour, local.tm_min, local.tm_sec, host, host.empty() ? "" : " ", tag);
}

const std::string& syslog_host_name() {
  static const std::string name = [] {
    std::array<char, 256> text{};
    if (::gethostname(text.data(), text.size() - 1) != 0) return std::string("localhost");
    return std::string(text.data());
  }();
  return name;
}

}  // namespace baton::runtime
