// Opening files and asking about them below a location's root, with disable_symlinks.
#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "proxy/request.h"
#include "runtime/fd.h"

namespace baton::proxy {

struct OpenedFile {
  runtime::Fd fd;
  int errno_value = 0;  // where there is none
  // The call that failed, as logs name it.
  const char* call = "open()";
};

// Opens `path` (absolute) for reading, never blocking: a named pipe must not stop the thread.
OpenedFile open_file(const Request& request, const std::string& path);

// An alias joins its path to what is behind the prefix, so "/img../x" would climb out of it; so
// could captures in a path. True for such a path of the request's location. What the configuration
// itself says in plain text may climb.
[[nodiscard]] bool climbs_out(const Request& request, std::string_view path);

// stat(), or what it would have found behind links that the location allows; 0 or an errno value.
int examine_file(const Request& request, const std::string& path, struct stat& status);

}  // namespace baton::proxy
