// Opening and reopening.

#include "proxy/logs/log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <unordered_set>

namespace baton::proxy {

namespace {

std::string open_failure(const std::string& path) {
  return fmt::format("open() \"{}\" failed ({}: {})", path, errno, std::strerror(errno));
}

runtime::Fd open_for_append(const std::string& path) {
  return runtime::Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
}

std::string server_of(const config::SyslogTarget& target) {
  return target.unix_path.empty() ? target.endpoint.text() : "unix:" + target.unix_path;
}

void give_to(int descriptor, const LogFiles::Owner& owner) {
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return;
  if (status.st_uid == owner.user) return;
  // Who can not give it away (not root) leaves it as it is: the proxy goes on with the old file.
  [[maybe_unused]] const int ignored = ::fchown(descriptor, owner.user, owner.group);
  if ((status.st_mode & (S_IRUSR | S_IWUSR)) != (S_IRUSR | S_IWUSR)) {
    ::fchmod(descriptor, (status.st_mode & 07777) | S_IRUSR | S_IWUSR);
  }
}

}  // namespace

int LogFiles::descriptor(const std::string& path) const {
  if (path == "stderr") return STDERR_FILENO;
  const auto found = files_.find(path);
  return found == files_.end() ? -1 : found->second.get();
}

std::vector<int> LogFiles::descriptors() const {
  std::vector<int> result;
  result.reserve(files_.size());
  for (const auto& [path, file] : files_) result.push_back(file.get());
  return result;
}

std::vector<std::string> LogFiles::reopen(const std::optional<Owner>& owner) {
  std::vector<std::string> failures;
  failures.reserve(files_.size());
  for (const auto& [path, file] : files_) {
    const runtime::Fd fresh = open_for_append(path);
    if (fresh && owner) give_to(fresh.get(), *owner);
    if (!fresh || ::dup3(fresh.get(), file.get(), O_CLOEXEC) < 0) {
      failures.emplace_back(open_failure(path));
    }
  }
  return failures;
}

void LogFiles::name(const config::ErrorLog& log) {
  if (log.syslog) return add_syslog(*log.syslog);
  if (log.path != "stderr") files_.try_emplace(log.path);
}

void LogFiles::name(const config::AccessLog& log) {
  if (log.syslog) return add_syslog(*log.syslog);
  if (log.path_text) return;
  files_.try_emplace(log.path);
  if (log.buffer_bytes > 0) buffered_.try_emplace(log.path, log);
}

void LogFiles::add_syslog(const config::SyslogTarget& target) {
  auto& socket = syslogs_[server_of(target)];
  if (!socket) {
    socket = std::make_unique<runtime::SyslogSocket>(target.endpoint, target.unix_path);
  }
}

runtime::SyslogSocket* LogFiles::syslog(const config::SyslogTarget& target) const {
  const auto found = syslogs_.find(server_of(target));
  return found == syslogs_.end() ? nullptr : found->second.get();
}

const config::AccessLog* LogFiles::buffering(const std::string& path) const {
  const auto found = buffered_.find(path);
  return found == buffered_.end() ? nullptr : &found->second;
}

std::expected<std::unique_ptr<LogFiles>, std::string> open_logs(const config::Proxy& config) {
  auto logs = std::make_unique<LogFiles>();
  for (const auto& log : config.error_logs) logs->name(log);
  // Most locations share what their server says: each list is looked at once.
  std::unordered_set<const void*> seen;
  for (const auto& server : config.servers) {
    for (const auto& location : server.locations) {
      if (location.error_logs && seen.insert(location.error_logs.get()).second) {
        for (const auto& log : *location.error_logs) logs->name(log);
      }
      if (location.access_logs && seen.insert(location.access_logs.get()).second) {
        for (const auto& log : *location.access_logs) logs->name(log);
      }
    }
  }
  for (auto& [path, file] : logs->files_) {
    file = open_for_append(path);
    if (!file) return std::unexpected(open_failure(path));
  }
  return logs;
}

}  // namespace baton::proxy
