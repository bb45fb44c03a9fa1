// Balancing methods of upstream blocks, sessions that stick to a server, the queue.

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/text.h"
#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint64_t zone_bytes_min = 8 * 4096;
constexpr std::uint32_t queue_most = 1 << 20;

void unknown_parameter(Reader& reader, const Directive& directive, std::size_t index) {
  reader.error(directive, index, fmt::format("unknown parameter \"{}\"", directive.word(index)));
}

void invalid_parameter(Reader& reader, const Directive& directive, std::size_t index) {
  reader.error(directive, index, fmt::format("invalid parameter \"{}\"", directive.word(index)));
}

UpstreamGroup& choose_method(Reader& reader, const Directive& directive, Balance balance) {
  UpstreamGroup& group = reader.level().upstream;
  if (group.balance != Balance::round_robin || reader.seen_on_level("keepalive")) {
    reader.warning(directive, 0, "load balancing method redefined");
  }
  group.balance = balance;
  return group;
}

void read_least_conn(Reader& reader, const Directive& directive) {
  choose_method(reader, directive, Balance::least_conn);
}

void read_ip_hash(Reader& reader, const Directive& directive) {
  choose_method(reader, directive, Balance::ip_hash);
}

std::optional<LeastTime> parse_least_time(std::string_view word) {
  if (word == "header") return LeastTime::header;
  if (word == "last_byte") return LeastTime::last_byte;
  return std::nullopt;
}

void read_least_time(Reader& reader, const Directive& directive) {
  const auto time = parse_least_time(directive.word(1));
  if (!time) return invalid_parameter(reader, directive, 1);
  const bool inflight = directive.count() == 2;
  if (inflight && directive.word(2) != "inflight") return invalid_parameter(reader, directive, 2);
  UpstreamGroup& group = choose_method(reader, directive, Balance::least_time);
  group.least_time = *time;
  group.least_time_inflight = inflight;
}

void read_hash(Reader& reader, const Directive& directive) {
  const bool consistent = directive.count() == 2;
  if (consistent && directive.word(2) != "consistent") {
    return invalid_parameter(reader, directive, 2);
  }
  UpstreamGroup& group =
      choose_method(reader, directive, consistent ? Balance::hash_consistent : Balance::hash);
  group.hash_key = reader.compile(directive, 1);
}

// random [two [least_conn | least_time=header|last_byte]]
void read_random(Reader& reader, const Directive& directive) {
  constexpr std::string_view by_time = "least_time=";
  UpstreamGroup& group = choose_method(reader, directive, Balance::random);
  if (directive.count() == 0) return;
  if (directive.word(1) != "two") return invalid_parameter(reader, directive, 1);
  group.random_two = true;
  if (directive.count() == 1 || directive.word(2) == "least_conn") return;
  const std::string_view method = directive.word(2);
  const auto time =
      method.starts_with(by_time) ? parse_least_time(method.substr(by_time.size())) : std::nullopt;
  if (!time) return invalid_parameter(reader, directive, 2);
  group.random_method = Balance::least_time;
  group.least_time = *time;
}

// The text behind `name` in a parameter; absent when it is another one.
std::optional<std::string_view> value_of(std::string_view word, std::string_view name) {
  if (!word.starts_with(name)) return std::nullopt;
  return word.substr(name.size());
}

bool read_same_site(Reader& reader, const Directive& directive, std::size_t index,
                    std::string_view value, Sticky& sticky) {
  if (value.starts_with('$')) {
    sticky.same_site = reader.compile_text(directive, index, value);
    return true;
  }
  for (const std::string_view word : {"strict", "lax", "none"}) {
    if (!equals_ignoring_case(value, word)) continue;
    sticky.same_site = reader.compile_text(directive, index, value);
    return true;
  }
  return false;
}

bool read_cookie_parameter(Reader& reader, const Directive& directive, std::size_t index,
                           Sticky& sticky) {
  const std::string& word = directive.word(index);
  if (const auto expires = value_of(word, "expires=")) {
    sticky.expires_max = *expires == "max";
    if (!sticky.expires_max) sticky.expires = parse_seconds(*expires);
    return sticky.expires_max || sticky.expires.has_value();
  }
  if (const auto domain = value_of(word, "domain=")) {
    sticky.domain = reader.compile_text(directive, index, *domain);
    return !domain->empty();
  }
  if (const auto path = value_of(word, "path=")) {
    sticky.path = *path;
    return !path->empty();
  }
  if (const auto same_site = value_of(word, "samesite=")) {
    return read_same_site(reader, directive, index, *same_site, sticky);
  }
  if (word == "httponly") sticky.http_only = true;
  if (word == "secure") sticky.secure = true;
  return word == "httponly" || word == "secure";
}

void read_sticky_cookie(Reader& reader, const Directive& directive, std::size_t name_index,
                        Sticky& sticky) {
  if (directive.count() < name_index) {
    return reader.error(directive, 0, "invalid number of arguments in \"sticky\" directive");
  }
  sticky.method = Sticky::Method::cookie;
  sticky.cookie_name = directive.word(name_index);
  if (sticky.cookie_name.empty()) {
    return reader.error(directive, name_index, "empty cookie name");
  }
  sticky.lookup.push_back(reader.compile_text(directive, name_index,
                                              fmt::format("${{cookie_{}}}", sticky.cookie_name)));
  for (std::size_t i = name_index + 1; i <= directive.count(); ++i) {
    if (!read_cookie_parameter(reader, directive, i, sticky)) {
      return unknown_parameter(reader, directive, i);
    }
  }
}

void read_sticky_route(Reader& reader, const Directive& directive, Sticky& sticky) {
  sticky.method = Sticky::Method::route;
  for (std::size_t i = 2; i <= directive.count(); ++i) {
    if (!directive.word(i).starts_with('$')) {
      return reader.error(directive, i,
                          fmt::format("invalid variable name \"{}\"", directive.word(i)));
    }
    sticky.lookup.push_back(reader.compile(directive, i));
  }
}

bool read_zone(std::string_view value, Sticky& sticky) {
  const std::size_t colon = value.find(':');
  sticky.zone = value.substr(0, colon);
  if (colon == std::string_view::npos || sticky.zone.empty()) return false;
  const auto size = parse_size(value.substr(colon + 1));
  sticky.zone_bytes = size.value_or(0);
  return sticky.zone_bytes >= zone_bytes_min;
}

bool read_learn_parameter(Reader& reader, const Directive& directive, std::size_t index,
                          Sticky& sticky) {
  const std::string& word = directive.word(index);
  if (const auto create = value_of(word, "create=")) {
    sticky.create.push_back(reader.compile_text(directive, index, *create));
    return create->starts_with('$');
  }
  if (const auto lookup = value_of(word, "lookup=")) {
    sticky.lookup.push_back(reader.compile_text(directive, index, *lookup));
    return lookup->starts_with('$');
  }
  if (const auto zone = value_of(word, "zone=")) return read_zone(*zone, sticky);
  if (const auto timeout = value_of(word, "timeout=")) {
    const auto time = parse_milliseconds(*timeout);
    sticky.timeout = time.value_or(0s);
    return sticky.timeout > 0s;
  }
  if (word == "header") sticky.on_header = true;
  return word == "header";
}

void read_sticky_learn(Reader& reader, const Directive& directive, Sticky& sticky) {
  sticky.method = Sticky::Method::learn;
  for (std::size_t i = 2; i <= directive.count(); ++i) {
    if (directive.word(i) == "sync") {
      return reader.error(directive, i,
                          "parameter \"sync\" of \"sticky\" is not supported by baton");
    }
    if (!read_learn_parameter(reader, directive, i, sticky)) {
      return unknown_parameter(reader, directive, i);
    }
  }
  for (const auto& [name, missing] :
       {std::pair("create", sticky.create.empty()), std::pair("lookup", sticky.lookup.empty()),
        std::pair("zone", sticky.zone.empty())}) {
    if (missing) {
      return reader.error(directive, 0,
                          fmt::format("\"sticky learn\" requires \"{}\" parameter", name));
    }
  }
}

void read_sticky(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  Sticky& sticky = edit(reader.level().upstream.sticky);
  const std::string& method = directive.word(1);
  if (method == "cookie") return read_sticky_cookie(reader, directive, 2, sticky);
  if (method == "route") return read_sticky_route(reader, directive, sticky);
  if (method == "learn") return read_sticky_learn(reader, directive, sticky);
  unknown_parameter(reader, directive, 1);
}

// The name of "sticky cookie" before nginx 1.5.7.
void read_sticky_cookie_insert(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  read_sticky_cookie(reader, directive, 1, edit(reader.level().upstream.sticky));
}

void read_queue(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  UpstreamGroup& group = reader.level().upstream;
  const auto most = parse_number(directive.word(1));
  if (!most || *most == 0 || *most > queue_most) {
    return reader.error(
        directive, 1,
        fmt::format("invalid value \"{}\" in \"queue\" directive", directive.word(1)));
  }
  group.queue_max = static_cast<std::uint32_t>(*most);
  if (directive.count() == 1) return;
  const auto value = value_of(directive.word(2), "timeout=");
  const auto timeout = value ? parse_milliseconds(*value) : std::nullopt;
  if (!timeout) return invalid_parameter(reader, directive, 2);
  group.queue_timeout = *timeout;
}

constexpr Rule rules[] = {
    supported("least_conn", in_upstream, take0, read_least_conn),
    supported("least_time", in_upstream, take12, read_least_time),
    supported("ip_hash", in_upstream, take0, read_ip_hash),
    supported("hash", in_upstream, take12, read_hash),
    supported("random", in_upstream, take0 | take12, read_random),
    supported("sticky", in_upstream, take2_or_more, read_sticky),
    supported("sticky_cookie_insert", in_upstream, take1_or_more, read_sticky_cookie_insert),
    supported("queue", in_upstream, take12, read_queue),
};

}  // namespace

std::span<const Rule> balance_rules() {
  return rules;
}

}  // namespace baton::config::nginx
