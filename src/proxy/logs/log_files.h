// The log files of a configuration, opened once while the process may still open them.
//
// The supervisor (root) opens them before it forks; the proxy inherits the descriptors and so can
// write to files, and to /dev/stdout or a pipe, that its own user could not open. On USR1 the
// supervisor reopens first, which creates what logrotate moved away and gives it to the worker
// user, then tells the proxy, which reopens by path. A reopened file takes the place of the old
// one under the same descriptor number (dup3), so threads that write meanwhile need no lock: a
// write goes wholly to the old file or wholly to the new one.
#pragma once

#include <sys/types.h>

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/model/proxy.h"
#include "runtime/fd.h"
#include "runtime/syslog_socket.h"

namespace baton::proxy {

class LogFiles {
 public:
  struct Owner {
    uid_t user;
    gid_t group;
  };

  // The descriptor of a path that the configuration names ("stderr" is 2); -1 for any other. It
  // stays the same for the life of this object.
  [[nodiscard]] int descriptor(const std::string& path) const;
  // The way to a syslog server that the configuration names; null for any other.
  [[nodiscard]] runtime::SyslogSocket* syslog(const config::SyslogTarget& target) const;
  // The access log of this path that asks for a buffer, which is then the file's; null: none does.
  [[nodiscard]] const config::AccessLog* buffering(const std::string& path) const;
  // All of them, for who must keep them open over a fork.
  [[nodiscard]] std::vector<int> descriptors() const;
  // Opens every file again. Files that can not be opened stay as they are and are told in the
  // words of nginx. With `owner`, regular files are given to that user.
  std::vector<std::string> reopen(const std::optional<Owner>& owner = std::nullopt);

 private:
  friend std::expected<std::unique_ptr<LogFiles>, std::string> open_logs(const config::Proxy&);
  void name(const config::ErrorLog& log);
  void name(const config::AccessLog& log);
  void add_syslog(const config::SyslogTarget& target);

  std::map<std::string, runtime::Fd> files_;
  std::map<std::string, std::unique_ptr<runtime::SyslogSocket>> syslogs_;  // by server
  std::map<std::string, config::AccessLog> buffered_;
};

// Opens (and creates) every access and error log that `config` names. The error is nginx's:
// open() "/var/log/nginx/access.log" failed (13: Permission denied)
std::expected<std::unique_ptr<LogFiles>, std::string> open_logs(const config::Proxy& config);

}  // namespace baton::proxy
