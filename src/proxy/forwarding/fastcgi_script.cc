// Dividing a URI into a script and what is behind it.

#include "proxy/forwarding/fastcgi_script.h"

#include <map>
#include <optional>
#include <vector>

#include "config/model/fastcgi.h"
#include "proxy/routing/regex.h"

namespace baton::proxy {

namespace {

// Patterns of fastcgi_split_path_info, compiled by each thread when it first meets one. As many as
// the configuration has.
const Regex* compiled(const std::string& pattern) {
  thread_local std::map<std::string, std::optional<Regex>> patterns;
  auto place = patterns.find(pattern);
  if (place == patterns.end()) {
    place = patterns.emplace(pattern, Regex::compile(pattern, false)).first;
  }
  return place->second ? &*place->second : nullptr;
}

}  // namespace

FastcgiScript fastcgi_script(const Request& request) {
  const config::FastcgiSettings* settings = request.location->fastcgi.get();
  if (!settings || !settings->split_pattern) return {request.uri, {}};
  const Regex* regex = compiled(*settings->split_pattern);
  std::vector<Capture> captures;
  if (!regex || !regex->match(request.uri, captures) || captures.size() < 3) {
    return {request.uri, {}};
  }
  return {captures[1].text, captures[2].text};
}

void append_fastcgi_script_name(std::string& into, const Request& request) {
  const FastcgiScript script = fastcgi_script(request);
  into.append(script.name);
  if (script.name.ends_with('/') && request.location->fastcgi) {
    into.append(request.location->fastcgi->index);
  }
}

void append_fastcgi_path_info(std::string& into, const Request& request) {
  into.append(fastcgi_script(request).path_info);
}

}  // namespace baton::proxy
