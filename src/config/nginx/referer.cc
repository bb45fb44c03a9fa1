// valid_referers and secure_link: who may follow a link.

#include "config/model/referer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/model/secure_link.h"
#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

bool is_well_formed(std::string_view name) {
  if (name.find("..") != std::string_view::npos) return false;
  const auto stars = std::ranges::count(name, '*');
  if (name == "*." || name == ".*") return false;
  return stars == 0 || (stars == 1 && (name.starts_with("*.") || name.ends_with(".*")));
}

void add_referer(Reader& reader, const Directive& directive, std::size_t index,
                 RefererSettings& settings) {
  const std::string& word = directive.word(index);
  const std::size_t slash = word.find('/');
  const std::string name = lowered(std::string_view(word).substr(0, slash));
  // A path alone is for a Referer without a host.
  if (word.empty()) return reader.error(directive, index, "invalid referer \"\"");
  if (!is_well_formed(name)) {
    return reader.error(directive, index, fmt::format("invalid hostname or wildcard \"{}\"", name));
  }
  const auto place = static_cast<std::uint32_t>(settings.paths.size());
  settings.paths.push_back(slash == std::string::npos ? "" : word.substr(slash));
  if (name.starts_with("*.")) {
    settings.leading.emplace(name.substr(2), place);
  } else if (name.ends_with(".*")) {
    settings.trailing.emplace(name.substr(0, name.size() - 2), place);
  } else if (name.starts_with('.')) {
    settings.exact.emplace(name.substr(1), place);
    settings.leading.emplace(name.substr(1), place);
  } else {
    settings.exact.emplace(name, place);
  }
}

void read_valid_referers(Reader& reader, const Directive& directive) {
  if (reader.first_on_level()) reader.level().location.referer.reset();
  RefererSettings& settings = edit(reader.level().location.referer);
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    if (word == "none") {
      settings.none = true;
    } else if (word == "blocked") {
      settings.blocked = true;
    } else if (word == "server_names") {
      settings.server_names = true;
    } else if (word == "~") {
      reader.error(directive, i, fmt::format("empty regex in valid referer \"{}\"", word));
    } else if (word.starts_with('~')) {
      if (!reader.check_regex(directive, i, std::string_view(word).substr(1), true)) continue;
      settings.patterns.push_back(word.substr(1));
    } else {
      add_referer(reader, directive, i, settings);
    }
  }
}

constexpr auto mixed =
    "\"secure_link_secret\" cannot be mixed with \"secure_link\" and "
    "\"secure_link_md5\"";

// The old and the new form exclude each other.
bool check_form(Reader& reader, const Directive& directive, bool is_old) {
  if (!reader.first_on_level()) {
    reader.directive_error(directive, 0, "is duplicate");
    return false;
  }
  const bool other =
      is_old ? reader.seen_on_level("secure_link") || reader.seen_on_level("secure_link_md5")
             : reader.seen_on_level("secure_link_secret");
  if (other) reader.error(directive, 0, mixed);
  return !other;
}

void read_secure_link(Reader& reader, const Directive& directive) {
  if (!check_form(reader, directive, false)) return;
  SecureLinkSettings& settings = edit(reader.level().location.secure_link);
  settings.link = reader.compile(directive, 1);
  settings.secret.clear();
}

void read_secure_link_md5(Reader& reader, const Directive& directive) {
  if (!check_form(reader, directive, false)) return;
  SecureLinkSettings& settings = edit(reader.level().location.secure_link);
  settings.md5 = reader.compile(directive, 1);
  settings.secret.clear();
}

void read_secure_link_secret(Reader& reader, const Directive& directive) {
  if (!check_form(reader, directive, true)) return;
  SecureLinkSettings& settings = edit(reader.level().location.secure_link);
  settings = {};
  settings.secret = directive.word(1);
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("valid_referers", in_server | in_location, take1_or_more, read_valid_referers),
    no_effect("referer_hash_max_size", in_server | in_location, take1, Value::number),
    no_effect("referer_hash_bucket_size", in_server | in_location, take1, Value::number),
    supported("secure_link", hsl, take1, read_secure_link),
    supported("secure_link_md5", hsl, take1, read_secure_link_md5),
    supported("secure_link_secret", hsl, take1, read_secure_link_secret),
};

}  // namespace

std::span<const Rule> referer_rules() {
  return rules;
}

}  // namespace baton::config::nginx
