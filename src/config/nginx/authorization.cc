// Who may ask: allow, deny, satisfy, auth_basic, auth_request; and mirror and stub_status, which
// are answered beside and instead of a location's own business.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/model/access.h"
#include "config/model/mirror.h"
#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"

BATON_TOPIC_SETTINGS(AccessSettings, access)
BATON_TOPIC_SETTINGS(MirrorSettings, mirror)

namespace baton::config::nginx {

namespace {

AccessSettings& settings(Reader& reader) {
  return edit(reader.level().location.access);
}

bool has_bits_behind(const net::Prefix& prefix) {
  const auto bytes = prefix.address.bytes();
  for (std::size_t bit = prefix.length; bit < bytes.size() * 8; ++bit) {
    if ((bytes[bit / 8] & 0x80U >> bit % 8) != 0) return true;
  }
  return false;
}

void read_access_rule(Reader& reader, const Directive& directive) {
  const std::string& word = directive.word(1);
  AccessRule rule;
  rule.allow = directive.name() == "allow";
  if (word == "unix:") {
    rule.who = AccessRule::Who::unix_socket;
  } else if (word != "all") {
    const auto network = net::Prefix::parse(word);
    if (!network) {
      return reader.error(directive, 1, fmt::format("invalid parameter \"{}\"", word));
    }
    rule.who = AccessRule::Who::network;
    rule.network = *network;
    if (has_bits_behind(*network)) {
      reader.warning(directive, 1, fmt::format("low address bits of {} are meaningless", word));
    }
  }
  auto& rules = settings(reader).rules;
  // allow and deny are one list, which a level inherits only as a whole.
  const bool other_seen = reader.seen_on_level(rule.allow ? "deny" : "allow");
  if (reader.first_on_level() && !other_seen) rules.clear();
  rules.push_back(rule);
}

void read_satisfy(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, bool>, 2> choices{
      {{"all", false}, {"any", true}}};
  const auto any = choose(reader, directive, 1, choices);
  if (any) settings(reader).satisfy_any = *any;
}

void read_auth_basic(Reader& reader, const Directive& directive) {
  settings(reader).realm = reader.compile(directive, 1);
}

void read_auth_basic_user_file(Reader& reader, const Directive& directive) {
  const std::string& path = directive.word(1);
  // Like an included file: below the folder of nginx.conf.
  const std::string& main = reader.options().path;
  const std::size_t slash = main.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : main.substr(0, slash + 1);
  if (path.starts_with('/') || path.starts_with('$')) {
    settings(reader).user_file = reader.compile(directive, 1);
    settings(reader).user_file_folder = folder;
    return;
  }
  settings(reader).user_file = reader.compile_text(directive, 1, folder + path);
}

void read_auth_request(Reader& reader, const Directive& directive) {
  const std::string& uri = directive.word(1);
  settings(reader).auth_request = uri == "off" ? "" : uri;
}

void read_auth_request_set(Reader& reader, const Directive& directive) {
  auto variable = reader.defined_variable(directive, 1);
  if (!variable) return;
  auto& values = settings(reader).auth_request_values;
  if (reader.first_on_level()) values.clear();
  values.push_back({std::move(*variable), reader.compile(directive, 2)});
}

void read_mirror(Reader& reader, const Directive& directive) {
  auto& uris = edit(reader.level().location.mirror).uris;
  if (reader.first_on_level()) uris.clear();
  const std::string& uri = directive.word(1);
  // "off" stands alone.
  const bool off_seen = !reader.first_on_level() && uris.empty();
  if (off_seen || (uri == "off" && !uris.empty())) {
    return reader.directive_error(directive, 0, "is duplicate");
  }
  if (uri != "off") uris.push_back(uri);
}

void read_stub_status(Reader& reader, const Directive&) {
  reader.level().location.stub_status = true;
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("allow", hsl | in_limit_except, take1, read_access_rule),
    supported("deny", hsl | in_limit_except, take1, read_access_rule),
    supported("satisfy", hsl, take1, read_satisfy, Value::text),
    supported("auth_delay", hsl, take1, set_milliseconds<&AccessSettings::auth_delay>,
              Value::milliseconds),
    supported("auth_basic", hsl | in_limit_except, take1, read_auth_basic, Value::text),
    supported("auth_basic_user_file", hsl | in_limit_except, take1, read_auth_basic_user_file,
              Value::text),
    supported("auth_request", hsl, take1, read_auth_request, Value::text),
    supported("auth_request_set", hsl, take2, read_auth_request_set),
    supported("mirror", hsl, take1, read_mirror),
    supported("mirror_request_body", hsl, take_switch, set_switch<&MirrorSettings::with_body>),
    supported("stub_status", in_server | in_location, take0 | take1, read_stub_status),
};

}  // namespace

std::span<const Rule> authorization_rules() {
  return rules;
}

}  // namespace baton::config::nginx
