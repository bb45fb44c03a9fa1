// Making folders.

#include "supervisor/working_folders.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <set>
#include <system_error>

#include "config/model/client_body.h"
#include "config/model/fastcgi.h"
#include "config/model/proxy_buffering.h"

namespace baton::supervisor {

namespace {

std::string failure(const char* call, const std::string& path) {
  return fmt::format("{} \"{}\" failed ({}: {})", call, path, errno,
                     std::generic_category().message(errno));
}

std::string prepare(const std::string& path, const std::optional<Account>& account) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failure("mkdir()", path);
  if (!account) return "";
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return failure("stat()", path);
  if (found.st_uid != account->uid && ::chown(path.c_str(), account->uid, gid_t(-1)) != 0) {
    return failure("chown()", path);
  }
  constexpr mode_t needed = S_IRUSR | S_IWUSR | S_IXUSR;
  if ((found.st_mode & needed) != needed &&
      ::chmod(path.c_str(), (found.st_mode & 07777) | needed) != 0) {
    return failure("chmod()", path);
  }
  return "";
}

void prepare_default(std::string_view path, const std::optional<Account>& account) {
  const std::string folder(path);
  const std::string above = folder.substr(0, folder.rfind('/'));
  ::mkdir(above.c_str(), 0755);
  static_cast<void>(prepare(folder, account));
}

}  // namespace

std::string prepare_temporary_folders(const config::Proxy& config,
                                      const std::optional<Account>& account) {
  if (!config.has_http) return "";
  std::set<std::string> folders;
  bool default_body = false;
  bool default_proxy = false;
  const auto want = [&](const config::TemporaryPath* place, bool& is_default) {
    if (place && !place->path.empty()) {
      folders.insert(place->path);
    } else {
      is_default = true;
    }
  };
  for (const config::Server& server : config.servers) {
    for (const config::Location& location : server.locations) {
      const auto* body = location.client_body.get();
      const auto* buffering = location.proxy_buffering.get();
      want(body ? &body->temporary : nullptr, default_body);
      want(buffering ? &buffering->temporary : nullptr, default_proxy);
      const auto* fastcgi = location.fastcgi ? location.fastcgi->buffering.get() : nullptr;
      if (fastcgi) want(&fastcgi->temporary, default_proxy);
    }
  }
  if (default_body) prepare_default(config::default_body_folder, account);
  if (default_proxy) prepare_default(config::default_proxy_folder, account);
  for (const std::string& folder : folders) {
    std::string problem = prepare(folder, account);
    if (!problem.empty()) return problem;
  }
  return "";
}

}  // namespace baton::supervisor
