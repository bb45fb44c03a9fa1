// A path is walked component by component where symbolic links are not welcome: each folder is
// opened relative to the one before, so that nobody can change the path under the walk.

#include "proxy/files/file_access.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "config/model/static.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using config::StaticSettings;
using Symlinks = StaticSettings::Symlinks;

constexpr int open_flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;

// Both are of the same owner: a link may be followed to what its maker owns.
bool of_one_owner(int folder, const char* name, int target) {
  struct stat link{};
  struct stat found{};
  if (::fstatat(folder, name, &link, AT_SYMLINK_NOFOLLOW) != 0) return false;
  return ::fstat(target, &found) == 0 && link.st_uid == found.st_uid;
}

// Opens one component. With O_PATH, O_NOFOLLOW opens a link itself, which is to be told apart.
runtime::Fd open_component(int folder, const char* name, int flags, Symlinks rule) {
  if (rule == Symlinks::refused) flags |= O_NOFOLLOW;
  runtime::Fd fd(::openat(folder, name, flags));
  if (!fd) return fd;
  if (rule == Symlinks::refused && (flags & O_PATH)) {
    struct stat status{};
    if (::fstat(fd.get(), &status) == 0 && S_ISLNK(status.st_mode)) {
      errno = ELOOP;
      return {};
    }
  }
  if (rule == Symlinks::of_owner && !of_one_owner(folder, name, fd.get())) {
    errno = ELOOP;
    return {};
  }
  return fd;
}

// Where the walk begins: behind `from`, where the path lies below it, otherwise at the root.
std::size_t trusted_size(const Request& request, const StaticSettings& settings,
                         std::string_view path) {
  if (!settings.symlinks_from) return 1;
  std::string from;
  append_text(from, *settings.symlinks_from, request);
  while (from.size() > 1 && from.ends_with('/')) from.pop_back();
  if (!path.starts_with(from)) return 1;
  if (path.size() > from.size() && path[from.size()] == '/') return from.size() + 1;
  return from == "/" ? 1 : path.size() == from.size() ? path.size() : 1;
}

runtime::Fd walk(const Request& request, const StaticSettings& settings, const std::string& path,
                 int flags) {
  const std::size_t trusted = trusted_size(request, settings, path);
  if (trusted == path.size()) return runtime::Fd(::open(path.c_str(), flags));
  runtime::Fd folder(::open(path.substr(0, trusted).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::size_t at = trusted;
  while (folder) {
    while (at < path.size() && path[at] == '/') ++at;
    const std::size_t slash = path.find('/', at);
    const std::string name = path.substr(at, slash - at);
    // A slash at the end asks for the folder itself.
    if (name.empty()) return runtime::Fd(::openat(folder.get(), ".", flags));
    if (slash == std::string::npos) {
      return open_component(folder.get(), name.c_str(), flags, settings.symlinks);
    }
    folder = open_component(folder.get(), name.c_str(), O_PATH | O_CLOEXEC, settings.symlinks);
    at = slash + 1;
  }
  return folder;
}

bool walks(const Request& request) {
  const StaticSettings* settings = request.location->files.get();
  return settings && settings->symlinks != Symlinks::allowed;
}

}  // namespace

OpenedFile open_file(const Request& request, const std::string& path) {
  OpenedFile opened;
  if (walks(request)) {
    opened.call = "openat()";
    opened.fd = walk(request, *request.location->files, path, open_flags);
  } else {
    opened.fd = runtime::Fd(::open(path.c_str(), open_flags));
  }
  if (!opened.fd) opened.errno_value = errno;
  return opened;
}

bool climbs_out(const Request& request, std::string_view path) {
  const config::Location& location = *request.location;
  const config::TemplateText& root = location.alias ? *location.alias : location.root;
  // From the slash at the end of the root on.
  if (root.is_literal() && path.starts_with(root.literal())) {
    const std::size_t size = root.literal().size();
    path.remove_prefix(size > 0 ? size - 1 : 0);
  }
  return path.find("/../") != std::string_view::npos || path.ends_with("/..");
}

int examine_file(const Request& request, const std::string& path, struct stat& status) {
  if (!walks(request)) return ::stat(path.c_str(), &status) == 0 ? 0 : errno;
  const runtime::Fd fd = walk(request, *request.location->files, path, O_PATH | O_CLOEXEC);
  if (!fd || ::fstat(fd.get(), &status) != 0) return errno;
  return 0;
}

}  // namespace baton::proxy
