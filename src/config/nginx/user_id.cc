// userid and its family.

#include "config/model/user_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

BATON_TOPIC_SETTINGS(UserIdSettings, user_id)

namespace baton::config::nginx {

namespace {

using Mode = UserIdSettings::Mode;

UserIdSettings& settings_of(Reader& reader) {
  return edit(reader.level().location.user_id);
}

void read_userid(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, Mode>, 4> choices{
      {{"off", Mode::off}, {"log", Mode::log}, {"v1", Mode::v1}, {"on", Mode::on}}};
  if (const auto mode = choose(reader, directive, 1, choices)) settings_of(reader).mode = *mode;
}

void read_userid_service(Reader& reader, const Directive& directive) {
  const auto number = parse_unsigned(directive.word(1), UINT32_MAX);
  if (!number) return reader.directive_error(directive, 1, "invalid number");
  settings_of(reader).service = static_cast<std::uint32_t>(*number);
}

void read_userid_domain(Reader& reader, const Directive& directive) {
  const std::string& word = directive.word(1);
  settings_of(reader).domain = word == "none" || word.empty() ? "" : "; domain=" + word;
}

void read_userid_path(Reader& reader, const Directive& directive) {
  settings_of(reader).path = "; path=" + directive.word(1);
}

void read_userid_p3p(Reader& reader, const Directive& directive) {
  const std::string& word = directive.word(1);
  settings_of(reader).p3p = word == "none" ? "" : word;
}

void read_userid_expires(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  UserIdSettings& settings = settings_of(reader);
  const std::string& word = directive.word(1);
  settings.expires_never = word == "max";
  settings.expires.reset();
  if (settings.expires_never || word == "off") return;
  settings.expires = parse_seconds(word);
  if (!settings.expires) reader.directive_error(directive, 1, "invalid value");
}

void read_userid_flags(Reader& reader, const Directive& directive) {
  constexpr std::array<std::string_view, 5> known{"secure", "httponly", "samesite=strict",
                                                  "samesite=lax", "samesite=none"};
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  UserIdSettings& settings = settings_of(reader);
  settings.flags.clear();
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    if (word == "off" && directive.count() == 1) return;
    if (std::ranges::find(known, word) == known.end()) {
      return reader.error(directive, i, fmt::format("invalid value \"{}\"", word));
    }
    settings.flags += "; " + word;
  }
}

void read_userid_mark(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  const std::string& word = directive.word(1);
  UserIdSettings& settings = settings_of(reader);
  settings.mark = 0;
  if (word == "off") return;
  const char c = word.size() == 1 ? to_lower(word[0]) : '\0';
  if (!is_digit(c) && (c < 'a' || c > 'z') && c != '=') {
    return reader.error(directive, 1, "value must be \"off\" or a single letter, digit or \"=\"");
  }
  settings.mark = word[0];
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("userid", hsl, take1, read_userid, Value::text),
    supported("userid_service", hsl, take1, read_userid_service, Value::number),
    supported("userid_name", hsl, take1, set_text<&UserIdSettings::name>, Value::text),
    supported("userid_domain", hsl, take1, read_userid_domain, Value::text),
    supported("userid_path", hsl, take1, read_userid_path, Value::text),
    supported("userid_expires", hsl, take1, read_userid_expires),
    supported("userid_flags", hsl, take123, read_userid_flags),
    supported("userid_p3p", hsl, take1, read_userid_p3p, Value::text),
    supported("userid_mark", hsl, take1, read_userid_mark),
};

}  // namespace

std::span<const Rule> user_id_rules() {
  return rules;
}

}  // namespace baton::config::nginx
