// Looking for files and folders, in order.

#include "proxy/routing/try_files.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>

#include "base/text.h"
#include "proxy/files/file_access.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

// A candidate: `name` behind the root or alias. One made of variables may begin with the prefix
// that the alias stands for; that is taken off.
struct Candidate {
  std::string_view name;
  std::string path;
};

Candidate candidate_of(const Request& request, std::string_view name, bool is_literal) {
  const config::Location& location = *request.location;
  const std::size_t prefix = location.alias ? location.alias_prefix_bytes.value_or(0) : 0;
  if (!is_literal && prefix > 0 && name.substr(0, prefix) == request.uri.substr(0, prefix)) {
    name.remove_prefix(std::min(prefix, name.size()));
  }
  Candidate candidate{name, {}};
  append_document_root(candidate.path, request);
  candidate.path += name;
  return candidate;
}

// The request goes on with what was found.
void take(Request& request, std::string_view name, bool is_folder) {
  const config::Location& location = *request.location;
  if (!location.alias) {
    request.uri = request.arena.store(name);
  } else if (location.alias_prefix_bytes) {
    request.uri = request.arena.join({request.uri.substr(0, *location.alias_prefix_bytes), name});
  } else if (!is_folder) {
    // The alias of a regex location is a path of its own: the name goes behind it.
    request.uri = request.arena.store(name);
    request.uri_behind_alias = true;
  }
}

bool exists(const Request& request, const std::string& path, bool as_folder) {
  struct stat status{};
  if (climbs_out(request, path)) return false;
  if (examine_file(request, path, status) != 0) return false;
  return as_folder == S_ISDIR(status.st_mode);
}

Verdict fall_back(std::string_view target) {
  if (target.starts_with('=')) {
    const auto code = parse_unsigned(target.substr(1), 999);
    return Verdict::error(static_cast<std::uint16_t>(code.value_or(500)));
  }
  if (target.starts_with('@')) return Verdict::redirect(target);
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return Verdict::redirect(target);
  return Verdict::redirect(target.substr(0, mark), target.substr(mark + 1));
}

}  // namespace

Verdict try_files(Request& request) {
  const auto& candidates = request.location->try_files;
  if (candidates.empty()) return Verdict::proceed();
  if (!alias_fits(request)) return Verdict::error(500);
  std::string text;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    text.clear();
    append_text(text, candidates[i], request);
    if (i + 1 == candidates.size()) return fall_back(request.arena.store(text));
    // A slash at the end asks for a folder; it is not part of the name.
    const bool as_folder = candidates[i].source.ends_with('/');
    if (as_folder && text.ends_with('/')) text.pop_back();
    const Candidate candidate = candidate_of(request, text, candidates[i].is_literal());
    if (!exists(request, candidate.path, as_folder)) continue;
    take(request, candidate.name, as_folder);
    return Verdict::proceed();
  }
  return Verdict::proceed();
}

}  // namespace baton::proxy
