// resolver and resolver_timeout, for locations and for the names in an upstream block.

#include "config/model/resolver.h"

#include <fmt/format.h>

#include "base/text.h"
#include "config/nginx/edit.h"
#include "config/nginx/endpoint.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint16_t dns_port = 53;

ResolverSettings& settings(Reader& reader) {
  Level& level = reader.level();
  return edit(level.context == in_upstream ? level.upstream.resolver : level.location.resolver);
}

// False: not a parameter, but a name server. `wrong` is set when its value cannot be read.
bool read_parameter(std::string_view word, ResolverSettings& into, bool& wrong) {
  const auto value_of = [&](std::string_view name) -> std::optional<std::string_view> {
    if (!word.starts_with(name)) return std::nullopt;
    return word.substr(name.size());
  };
  if (const auto text = value_of("valid=")) {
    const auto time = parse_seconds(*text);
    wrong = !time;
    if (time) into.valid = *time;
  } else if (const auto zone = value_of("status_zone=")) {
    wrong = zone->empty();
    into.status_zone = *zone;
  } else if (word.starts_with("ipv4=") || word.starts_with("ipv6=")) {
    const std::string_view value = word.substr(5);
    wrong = value != "on" && value != "off";
    (word[3] == '4' ? into.ipv4 : into.ipv6) = value == "on";
  } else {
    return false;
  }
  return true;
}

void read_resolver(Reader& reader, const Directive& directive) {
  ResolverSettings read;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    bool wrong = false;
    if (read_parameter(word, read, wrong)) {
      if (wrong) return reader.error(directive, i, fmt::format("invalid parameter: {}", word));
      if (word.starts_with("status_zone=")) {
        reader.note(directive, i, "\"status_zone\" has no effect in baton: it keeps no statistics");
      }
      continue;
    }
    const AddressText text = parse_address(word, AddressUse::upstream);
    if (!text.problem.empty() || !text.unix_path.empty()) {
      return reader.error(directive, i,
                          fmt::format("{} in resolver \"{}\"",
                                      text.problem.empty() ? "invalid host" : text.problem, word));
    }
    const auto addresses = reader.find_host(text);
    if (addresses.empty()) {
      return reader.error(directive, i, fmt::format("host not found in resolver \"{}\"", word));
    }
    for (const net::IpAddress& address : addresses) {
      read.servers.push_back({address, text.port.value_or(dns_port)});
    }
  }
  if (read.servers.empty()) return reader.error(directive, 0, "no name servers defined");
  if (!read.ipv4 && !read.ipv6) {
    return reader.error(directive, 0, "\"ipv4\" and \"ipv6\" cannot both be \"off\"");
  }
  ResolverSettings& into = settings(reader);
  read.timeout = into.timeout;
  into = std::move(read);
}

void read_resolver_timeout(Reader& reader, const Directive& directive) {
  const auto time = parse_milliseconds(directive.word(1));
  if (!time) return reader.directive_error(directive, 1, "invalid value");
  settings(reader).timeout = *time;
}

constexpr auto everywhere = in_http_server_location | in_upstream;

constexpr Rule rules[] = {
    supported("resolver", everywhere, take1_or_more, read_resolver, Value::text),
    supported("resolver_timeout", everywhere, take1, read_resolver_timeout, Value::milliseconds),
};

}  // namespace

std::span<const Rule> resolver_rules() {
  return rules;
}

}  // namespace baton::config::nginx
