// mkdir and chown.

#include "supervisor/cache_folders.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "config/model/cache.h"

namespace baton::supervisor {

namespace {

std::string failure(const std::string& call) {
  return fmt::format("{} failed ({}: {})", call, errno, std::strerror(errno));
}

}  // namespace

std::optional<std::string> make_cache_folders(const config::Proxy& config,
                                              const std::optional<Account>& owner) {
  for (const auto& zone : config.cache_zones) {
    const std::string& path = zone->path;
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
      return failure(fmt::format("mkdir() \"{}\"", path));
    }
    if (!owner) continue;
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return failure(fmt::format("stat() \"{}\"", path));
    if (status.st_uid != owner->uid && ::chown(path.c_str(), owner->uid, gid_t(-1)) != 0) {
      return failure(fmt::format("chown(\"{}\", {})", path, owner->uid));
    }
    constexpr mode_t all_for_owner = S_IRWXU;
    if ((status.st_mode & all_for_owner) != all_for_owner &&
        ::chmod(path.c_str(), status.st_mode | all_for_owner) != 0) {
      return failure(fmt::format("chmod() \"{}\"", path));
    }
  }
  return std::nullopt;
}

}  // namespace baton::supervisor
