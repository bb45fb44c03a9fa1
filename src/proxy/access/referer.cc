// Judging Referer lines.

#include "proxy/access/referer.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace baton::proxy {

namespace {

constexpr std::size_t name_bytes_max = 256;

void compile_into(std::vector<Regex>& patterns, const std::string& pattern) {
  if (auto regex = Regex::compile(pattern, true)) patterns.push_back(std::move(*regex));
}

bool any_matches(const std::vector<Regex>& patterns, std::string_view subject) {
  std::vector<Capture> captures;
  return std::ranges::any_of(patterns,
                             [&](const Regex& regex) { return regex.match(subject, captures); });
}

}  // namespace

Referers::Referers(const config::Proxy& proxy) {
  for (const config::Server& server : proxy.servers) {
    for (const config::Location& location : server.locations) {
      if (!location.referer) continue;
      const Key key{location.referer.get(), &server};
      if (!lists_.contains(key)) lists_.emplace(key, make_list(*location.referer, server));
    }
  }
}

Referers::List Referers::make_list(const config::RefererSettings& settings,
                                   const config::Server& server) {
  List list{settings, {}, {}};
  for (const std::string& pattern : settings.patterns) compile_into(list.patterns, pattern);
  if (!settings.server_names) return list;
  const auto anything = static_cast<std::uint32_t>(list.settings.paths.size());
  list.settings.paths.emplace_back();
  for (const config::ServerName& name : server.names) {
    using Kind = config::ServerName::Kind;
    if (name.text.empty()) continue;
    if (name.kind == Kind::exact) list.settings.exact.emplace(name.text, anything);
    if (name.kind == Kind::leading_wildcard) list.settings.leading.emplace(name.text, anything);
    if (name.kind == Kind::trailing_wildcard) list.settings.trailing.emplace(name.text, anything);
    if (name.kind == Kind::regex) compile_into(list.name_patterns, name.text);
  }
  return list;
}

// `site` is the Referer without its scheme: name, port, path.
bool Referers::accept_site(const List& list, std::string_view site) {
  const std::string name = lowered(site.substr(0, site.find_first_of("/:")));
  if (name.size() > name_bytes_max) return false;
  const auto place = config::find_by_name(list.settings.exact, list.settings.leading,
                                          list.settings.trailing, name);
  if (place) {
    const std::size_t slash = site.find('/', name.size());
    const std::string_view path = slash == std::string_view::npos ? "" : site.substr(slash);
    return path.starts_with(list.settings.paths[*place]);
  }
  return any_matches(list.name_patterns, name) || any_matches(list.patterns, site);
}

bool Referers::accept(const Request& request) const {
  const config::RefererSettings* settings = request.location->referer.get();
  if (settings == nullptr) return true;
  const auto found = lists_.find({settings, request.server});
  if (found == lists_.end()) return true;
  const http::Header* line = request.head.headers.find(http::HeaderId::referer);
  if (line == nullptr) return settings->none;
  // Shorter ones cannot be an address.
  constexpr std::size_t shortest = std::string_view("http://i.ru").size();
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (line->value.size() < shortest) break;
    if (!equals_ignoring_case(line->value.substr(0, scheme.size()), scheme)) continue;
    return accept_site(found->second, line->value.substr(scheme.size()));
  }
  return settings->blocked;
}

}  // namespace baton::proxy
