// Lines to a syslog server over UDP or a unix socket, from any thread. A datagram that cannot be
// sent is lost, as syslog's are; the connection is made anew, at most once a second.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "net/address.h"
#include "runtime/fd.h"

namespace baton::runtime {

class SyslogSocket {
 public:
  // Sends to `unix_path` or, when that is empty, to `endpoint`. The socket is opened at the first
  // line.
  SyslogSocket(net::Endpoint endpoint, std::string unix_path)
      : endpoint_(endpoint), unix_path_(std::move(unix_path)) {}
  SyslogSocket(const SyslogSocket&) = delete;
  SyslogSocket& operator=(const SyslogSocket&) = delete;

  // One datagram. Gives 0, or the errno of what went wrong.
  int send(std::string_view datagram);

 private:
  int connect();

  net::Endpoint endpoint_;
  std::string unix_path_;
  std::mutex mutex_;
  Fd fd_;
  std::int64_t last_failure_second_ = 0;
};

// "<PRI>Nov 23 01:07:30 HOST TAG: " (RFC 3164 section 4.1); without the host when `host` is empty.
// `priority` is facility * 8 + severity; `seconds` since 1970, told in local time.
std::string syslog_header(int priority, std::int64_t seconds, std::string_view host,
                          std::string_view tag);

// The name that this machine tells syslog servers.
const std::string& syslog_host_name();

}  // namespace baton::runtime
