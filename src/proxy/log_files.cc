// Opening and reopening.

#include "proxy/log_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <set>

namespace baton::proxy {

namespace {

std::string open_failure(const std::string& path) {
  return fmt::format("open() \"{}\" failed ({}: {})", path, errno, std::strerror(errno));
}

runtime::Fd open_for_append(const std::string& path) {
  return runtime::Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
}

std::set<std::string> named_paths(const config::Proxy& config) {
  std::set<std::string> paths;
  for (const auto& log : config.error_logs) paths.insert(log.path);
  for (const auto& server : config.servers) {
    for (const auto& location : server.locations) {
      paths.insert(location.error_log.path);
      for (const auto& log : location.access_logs) paths.insert(log.path);
    }
  }
  paths.erase("");
  paths.erase("stderr");
  return paths;
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

std::expected<std::unique_ptr<LogFiles>, std::string> open_logs(const config::Proxy& config) {
  auto logs = std::make_unique<LogFiles>();
  for (const std::string& path : named_paths(config)) {
    runtime::Fd file = open_for_append(path);
    if (!file) return std::unexpected(open_failure(path));
    logs->files_.emplace(path, std::move(file));
  }
  return logs;
}

}  // namespace baton::proxy
