// Gathering names. nginx's rules: a map, a geo or a named group gives a name its meaning whatever
// it meant before; `set` and its like only where nothing else does.

#include "config/nginx/variable_names.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/nginx/regex.h"
#include "config/nginx/variables.h"

namespace baton::config::nginx {

namespace {

using Kind = VariableDefinition::Kind;

constexpr std::size_t variables_max = 60000;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, name) != words.end();
}

bool is_weak(Kind kind) {
  return kind == Kind::assigned || kind == Kind::filled;
}

}  // namespace

void VariableNames::collect(const std::vector<Directive>& directives) {
  for (const Directive& directive : directives) {
    if (directive.problem.empty()) collect_one(directive);
  }
}

void VariableNames::collect_one(const Directive& directive) {
  const std::string& name = directive.name();
  const std::size_t count = directive.count();
  const auto last = [&] { return directive.word(count); };
  if (count > 0 && is_one_of(name, {"map", "geo", "split_clients"})) {
    add_written(last(), name == "map" ? Kind::map : name == "geo" ? Kind::geo : Kind::split);
    // What stands in these blocks are values, not directives.
    for (const Directive& line : directive.block) {
      if (!line.problem.empty() || name != "map") continue;
      if (line.name().starts_with('~')) collect_captures(line.name());
    }
    return;
  }
  if (count > 1 && name == "set") {
    add_written(directive.word(1), Kind::assigned);
  } else if (count > 1 && name == "auth_request_set") {
    add_written(directive.word(1), Kind::filled);
  } else if (count > 0 && is_one_of(name, {"num_map", "keyval"})) {
    if (last().starts_with('$')) refused_[lowered(last().substr(1))] = true;
  } else if (count > 0 && is_one_of(name, {"perl_set", "js_set", "js_var", "auth_jwt_claim_set"})) {
    const std::string& variable = directive.word(1);
    if (variable.starts_with('$')) refused_[lowered(variable.substr(1))] = true;
  } else if (is_one_of(name, {"location", "server_name", "rewrite", "if", "valid_referers",
                              "proxy_redirect", "proxy_cookie_domain", "proxy_cookie_path",
                              "fastcgi_split_path_info"})) {
    for (std::size_t i = 1; i <= count; ++i) collect_captures(directive.word(i));
  }
  if (directive.has_block && name != "types") collect(directive.block);
}

void VariableNames::collect_captures(std::string_view pattern) {
  if (pattern.find("(?") == std::string_view::npos) return;
  while (pattern.starts_with('~') || pattern.starts_with('*')) pattern.remove_prefix(1);
  // The last word of a condition ends with the bracket of the condition.
  RegexCheck check = check_pattern(pattern, false);
  if (!check.problem.empty() && pattern.ends_with(')')) {
    check = check_pattern(pattern.substr(0, pattern.size() - 1), false);
  }
  for (const std::string& name : check.captures) add(lowered(name), Kind::captured);
}

void VariableNames::add_written(const std::string& word, Kind kind) {
  if (word.size() > 1 && word[0] == '$') add(lowered(std::string_view(word).substr(1)), kind);
}

void VariableNames::add(const std::string& name, Kind kind) {
  // nginx's own keep their meaning; those that `set` may change have a way of their own.
  if (is_built_in(name) && (!is_changeable(name) || is_set_in_place(name))) return;
  if (const auto known = places_.find(name); known != places_.end()) {
    VariableDefinition& definition = *definitions_[known->second];
    if (!is_weak(kind)) definition.kind = kind;
    return;
  }
  if (definitions_.size() >= variables_max) {
    too_many_ = true;
    return;
  }
  auto definition = std::make_shared<VariableDefinition>();
  definition->name = name;
  definition->kind = kind;
  definition->otherwise = built_in_part(name);
  places_.emplace(name, static_cast<std::uint16_t>(definitions_.size()));
  definitions_.push_back(std::move(definition));
}

std::optional<std::uint16_t> VariableNames::find(std::string_view name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) return std::nullopt;
  return found->second;
}

}  // namespace baton::config::nginx
