// Building and searching the location tables.

#include "proxy/routing/locations.h"

#include <algorithm>

namespace baton::proxy {

namespace {

std::optional<Regex> compile(const config::Location& location, const DefinedVariables* variables) {
  const bool ignore_case = location.match == config::Location::Match::regex_no_case;
  return variables ? variables->compile(location.pattern, ignore_case)
                   : Regex::compile(location.pattern, ignore_case);
}

}  // namespace

Locations::Locations(const config::Server& server, const DefinedVariables* variables)
    : variables_(variables) {
  for (std::uint32_t i = 0; i < server.locations.size(); ++i) {
    const config::Location& location = server.locations[i];
    if (location.match == config::Location::Match::named) named_.emplace(location.pattern, i);
  }
  build_level(server, server.top_level, 0);
}

void Locations::build_level(const config::Server& server, const std::vector<std::uint32_t>& members,
                            std::uint32_t owner) {
  using Match = config::Location::Match;
  Level level;
  for (const std::uint32_t index : members) {
    const config::Location& location = server.locations[index];
    switch (location.match) {
      case Match::exact:
        level.exact.emplace(location.pattern, index);
        break;
      case Match::prefix:
      case Match::prefix_no_regex:
        level.prefixes.push_back(
            {location.pattern, index, -1, location.match == Match::prefix_no_regex});
        if (location.proxy && location.pattern.size() > 1 && location.pattern.ends_with('/')) {
          level.slash_missing.emplace(location.pattern.substr(0, location.pattern.size() - 1),
                                      index);
        }
        break;
      case Match::regex:
      case Match::regex_no_case:
        if (auto regex = compile(location, variables_)) {
          level.patterns.push_back({std::move(*regex), index});
        }
        break;
      case Match::server:
      case Match::named:
        break;
    }
    if (!location.children.empty()) build_level(server, location.children, index);
  }
  std::ranges::sort(level.prefixes, {}, &Prefix::text);
  // In sorted order, the patterns that are prefixes of the present one are a stack.
  std::vector<std::int32_t> stack;
  for (std::size_t i = 0; i < level.prefixes.size(); ++i) {
    Prefix& prefix = level.prefixes[i];
    while (!stack.empty() &&
           !prefix.text.starts_with(level.prefixes[static_cast<std::size_t>(stack.back())].text)) {
      stack.pop_back();
    }
    prefix.parent = stack.empty() ? -1 : stack.back();
    stack.push_back(static_cast<std::int32_t>(i));
  }
  levels_.emplace(owner, std::move(level));
}

const Locations::Prefix* Locations::longest_prefix(const Level& level,
                                                   std::string_view path) const {
  // The last pattern not behind `path` either is a prefix of it or has one among its parents.
  const auto behind = std::upper_bound(
      level.prefixes.begin(), level.prefixes.end(), path,
      [](std::string_view value, const Prefix& prefix) { return value < prefix.text; });
  auto index = static_cast<std::int32_t>(behind - level.prefixes.begin()) - 1;
  while (index >= 0) {
    const Prefix& candidate = level.prefixes[static_cast<std::size_t>(index)];
    if (path.starts_with(candidate.text)) return &candidate;
    index = candidate.parent;
  }
  return nullptr;
}

Locations::Outcome Locations::search(std::uint32_t owner, std::string_view path,
                                     std::vector<Capture>& captures, Found& found) const {
  const auto level_found = levels_.find(owner);
  if (level_found == levels_.end()) return Outcome::none;
  const Level& level = level_found->second;
  if (const auto exact = level.exact.find(path); exact != level.exact.end()) {
    found.location = exact->second;
    found.add_slash = false;
    return Outcome::final;
  }
  Outcome outcome = Outcome::none;
  bool no_regex = false;
  const Prefix* prefix = longest_prefix(level, path);
  if (const auto slash = level.slash_missing.find(path);
      slash != level.slash_missing.end() && (!prefix || prefix->text.size() != path.size())) {
    found.location = slash->second;
    found.add_slash = true;
    return Outcome::final;
  }
  if (prefix) {
    found.location = prefix->location;
    found.add_slash = false;
    no_regex = prefix->no_regex;
    outcome = Outcome::prefix;
    if (search(prefix->location, path, captures, found) == Outcome::final) return Outcome::final;
  }
  if (no_regex) return outcome;
  for (const Pattern& pattern : level.patterns) {
    if (!pattern.regex.match(path, captures)) continue;
    found = {pattern.location, false, true};
    search(pattern.location, path, captures, found);
    return Outcome::final;
  }
  return outcome;
}

Locations::Found Locations::find(std::string_view path, std::vector<Capture>& captures) const {
  Found found;
  search(0, path, captures, found);
  return found;
}

std::optional<std::uint32_t> Locations::find_named(std::string_view name) const {
  const auto found = named_.find(name);
  if (found == named_.end()) return std::nullopt;
  return found->second;
}

}  // namespace baton::proxy
