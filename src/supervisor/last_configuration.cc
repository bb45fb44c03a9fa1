// Keeping, finding and believing the file.

#include "supervisor/last_configuration.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "failover/leftovers.h"
#include "failover/network_settings.h"
#include "runtime/fd.h"

namespace baton::supervisor {

namespace {

bool leaves_something(const config::Failover& config) {
  return !failover::all_routes(config).empty() || !failover::all_vmacs(config).empty();
}

bool write_all(const runtime::Fd& file, const std::string& text) {
  std::size_t done = 0;
  while (file && done < text.size()) {
    const ssize_t count = ::write(file.get(), text.data() + done, text.size() - done);
    if (count <= 0) return false;
    done += static_cast<std::size_t>(count);
  }
  return file.get() >= 0;
}

}  // namespace

void LastConfiguration::recover(const config::keepalived::LoadOptions& options) {
  if (path_.empty()) return;
  std::ifstream file(path_, std::ios::binary);
  std::string mark;
  if (!file || !std::getline(file, mark)) return;
  const std::string packed{std::istreambuf_iterator<char>(file), {}};
  if (mark == failover::boot_and_network()) {
    auto sources = config::SourceTree::unpack(packed);
    config::Diagnostics ignored;
    const auto config = sources ? config::keepalived::load(*sources, options, ignored) : nullptr;
    if (config) {
      log_.print(LogLevel::notice,
                 "an earlier run ended without a word: its routes, rules and VMAC interfaces are "
                 "removed");
      failover::remove_leftovers(*config, log_);
    } else {
      log_.print(LogLevel::warning, "{} cannot be read: what an earlier run left stays there",
                 path_);
    }
  }
  forget();
}

void LastConfiguration::remember(const Configuration& configuration) {
  if (path_.empty()) return;
  if (!configuration.failover || !leaves_something(*configuration.failover)) {
    forget();
    return;
  }
  // Whole or not at all.
  const std::string fresh = path_ + ".new";
  ::unlink(fresh.c_str());
  const runtime::Fd file(
      ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  const bool written =
      write_all(file, failover::boot_and_network() + "\n" + configuration.packed_sources);
  if (!written || ::rename(fresh.c_str(), path_.c_str()) != 0) {
    log_.print(LogLevel::warning, "cannot keep the configuration in {}: {}", path_,
               baton::describe(fail_errno(errno, "write").error()));
  }
}

void LastConfiguration::forget() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace baton::supervisor
