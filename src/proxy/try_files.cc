// Looking for files and folders, in order.

#include "proxy/try_files.h"

#include <sys/stat.h>

#include <string>

#include "base/text.h"
#include "proxy/variables.h"

namespace baton::proxy {

namespace {

// The path for a URI other than the request's, below the same root or alias.
std::string path_of(Request& request, std::string_view uri) {
  std::string path;
  const std::string_view kept = request.uri;
  request.uri = uri;
  append_request_filename(path, request);
  request.uri = kept;
  return path;
}

bool exists(const std::string& path, bool as_folder) {
  struct stat status{};
  if (path.find("/../") != std::string::npos || path.ends_with("/..")) return false;
  if (::stat(path.c_str(), &status) != 0) return false;
  return as_folder == S_ISDIR(status.st_mode);
}

Verdict fall_back(Request& request, std::string_view target) {
  if (target.starts_with('=')) {
    const auto code = parse_unsigned(target.substr(1), 999);
    return Verdict::error(static_cast<std::uint16_t>(code.value_or(500)));
  }
  if (target.starts_with('@')) return Verdict::redirect(target);
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return Verdict::redirect(target, request.args);
  return Verdict::redirect(target.substr(0, mark), target.substr(mark + 1));
}

}  // namespace

Verdict try_files(Request& request) {
  const auto& candidates = request.location->try_files;
  if (candidates.empty()) return Verdict::proceed();
  std::string text;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    text.clear();
    append_text(text, candidates[i], request);
    if (i + 1 == candidates.size()) return fall_back(request, request.arena.store(text));
    // A slash at the end asks for a folder; the slash itself is not part of what is looked for.
    const bool as_folder = text.ends_with('/');
    if (text.empty() || !exists(path_of(request, text), as_folder)) continue;
    request.uri = request.arena.store(text);
    return Verdict::proceed();
  }
  return Verdict::proceed();
}

}  // namespace baton::proxy
