// The part of the proxy_* family that rewrites: redirects, cookies, the request's body and method,
// and what it does about addresses and rates.

#include "config/nginx/proxy_rewriting.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "config/nginx/edit.h"
#include "config/nginx/proxy_cache.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"
#include "net/address.h"

namespace baton::config::nginx {

// Used by the setters.
inline ProxyRules& target(Reader& reader, const ProxyRules*) {
  return edit(reader.level().proxy.rules);
}

namespace {

using Kind = Replacement::Kind;

ProxyRules& rules_of(Reader& reader) {
  return edit(reader.level().proxy.rules);
}

// What a rule looks for: "~regex", "~*regex" or text. nullopt: told.
std::optional<Replacement> read_pattern(Reader& reader, const Directive& directive,
                                        std::size_t index) {
  Replacement rule;
  const std::string& word = directive.word(index);
  if (!word.starts_with('~')) {
    rule.from = reader.compile(directive, index);
    return rule;
  }
  const bool no_case = word.starts_with("~*");
  rule.kind = no_case ? Kind::regex_no_case : Kind::regex;
  rule.pattern = word.substr(no_case ? 2 : 1);
  if (!reader.check_regex(directive, index, rule.pattern, no_case)) return std::nullopt;
  return rule;
}

std::optional<Replacement> read_pair(Reader& reader, const Directive& directive) {
  auto rule = read_pattern(reader, directive, 1);
  if (rule) rule->to = reader.compile(directive, 2);
  return rule;
}

// off | default | FROM TO
void read_proxy_redirect(Reader& reader, const Directive& directive) {
  ProxyRules& rules = rules_of(reader);
  if (reader.first_on_level() || !rules.redirects) rules.redirects.emplace();
  const std::string& from = directive.word(1);
  if (directive.count() == 2) {
    auto rule = read_pair(reader, directive);
    if (rule) rules.redirects->push_back(std::move(*rule));
    return;
  }
  if (from == "off") {
    rules.redirects->clear();
  } else if (from == "default") {
    if (reader.level().location.proxy && reader.level().proxy.url) {
      return reader.error(directive, 1,
                          "\"proxy_redirect default\" cannot be used with \"proxy_pass\" directive "
                          "with variables");
    }
    if (!reader.level().location.proxy) {
      return reader.error(
          directive, 1,
          "\"proxy_redirect default\" should be placed after the \"proxy_pass\" directive");
    }
    Replacement standard;
    standard.kind = Kind::standard;
    rules.redirects->push_back(std::move(standard));
  } else if (from != "false") {
    reader.error(directive, 1, fmt::format("invalid parameter \"{}\"", from));
  }
}

// off | FROM TO
template <std::vector<Replacement> ProxyRules::* List>
void read_cookie_rule(Reader& reader, const Directive& directive) {
  std::vector<Replacement>& list = rules_of(reader).*List;
  if (reader.first_on_level()) list.clear();
  if (directive.count() == 1) {
    if (directive.word(1) == "off") return list.clear();
    return reader.error(directive, 1, fmt::format("invalid parameter \"{}\"", directive.word(1)));
  }
  auto rule = read_pair(reader, directive);
  if (rule) list.push_back(std::move(*rule));
}

// off | COOKIE [FLAG...]
void read_cookie_flags(Reader& reader, const Directive& directive) {
  constexpr std::array<std::string_view, 8> known{
      "secure",       "nosecure",      "httponly",        "nohttponly",
      "samesite=lax", "samesite=none", "samesite=strict", "nosamesite"};
  ProxyRules& rules = rules_of(reader);
  if (reader.first_on_level()) rules.cookie_flags.clear();
  if (directive.count() == 1) {
    if (directive.word(1) == "off") return rules.cookie_flags.clear();
    return reader.error(directive, 1, fmt::format("invalid parameter \"{}\"", directive.word(1)));
  }
  auto cookie = read_pattern(reader, directive, 1);
  if (!cookie) return;
  CookieFlags rule;
  rule.cookie = std::move(*cookie);
  for (std::size_t i = 2; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    if (!has_variables(word) && std::ranges::find(known, word) == known.end()) {
      reader.warning(directive, i, fmt::format("\"{}\" is no flag of cookies", word));
    }
    rule.flags.push_back(reader.compile(directive, i));
  }
  rules.cookie_flags.push_back(std::move(rule));
}

}  // namespace

void read_ignored_headers(Reader& reader, const Directive& directive, ProxyRules& rules) {
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 9> choices{
      {{"X-Accel-Redirect", ignore_accel_redirect},
       {"X-Accel-Expires", ignore_accel_expires},
       {"X-Accel-Limit-Rate", ignore_accel_limit_rate},
       {"X-Accel-Buffering", ignore_accel_buffering},
       {"X-Accel-Charset", ignore_accel_charset},
       {"Expires", ignore_expires_header},
       {"Cache-Control", ignore_cache_control_header},
       {"Set-Cookie", ignore_set_cookie_header},
       {"Vary", ignore_vary_header}}};
  if (reader.first_on_level()) rules.ignored_headers = 0;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const auto header = choose(reader, directive, i, choices);
    if (!header) return;
    rules.ignored_headers |= *header;
  }
}

// off | ADDRESS [transparent]
void read_bind(Reader& reader, const Directive& directive, ProxyRules& rules) {
  const std::string& address = directive.word(1);
  rules.bind.reset();
  rules.bind_transparent = false;
  if (directive.count() == 1 && address == "off") return;
  if (!has_variables(address) && !net::IpAddress::parse(address) &&
      !net::Endpoint::parse(address)) {
    return reader.error(directive, 1, fmt::format("invalid address \"{}\"", address));
  }
  if (directive.count() == 2) {
    if (directive.word(2) != "transparent") {
      return reader.error(directive, 2, fmt::format("invalid parameter \"{}\"", directive.word(2)));
    }
    rules.bind_transparent = true;
  }
  rules.bind = reader.compile(directive, 1);
}

void read_read_rate(Reader& reader, const Directive& directive, ProxyRules& rules) {
  if (!has_variables(directive.word(1)) && !parse_size(directive.word(1))) {
    return reader.directive_error(directive, 1, "invalid value");
  }
  rules.read_rate = reader.compile(directive, 1);
}

void read_socket_buffer(Reader& reader, const Directive& directive, std::optional<int>& bytes) {
  const auto size = parse_size(directive.word(1));
  if (!size || *size > std::uint64_t{std::numeric_limits<int>::max()}) {
    return reader.directive_error(directive, 1, "invalid value");
  }
  bytes = static_cast<int>(*size);
}

namespace {

void read_ignore_headers(Reader& reader, const Directive& directive) {
  read_ignored_headers(reader, directive, rules_of(reader));
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    ignore_header_for_cache(reader, directive.word(i));
  }
}

// One of the readers above, for proxy_*.
template <void (*Read)(Reader&, const Directive&, ProxyRules&)>
void into_rules(Reader& reader, const Directive& directive) {
  Read(reader, directive, rules_of(reader));
}

void read_early_hints(Reader& reader, const Directive& directive) {
  ProxyRules& rules = rules_of(reader);
  rules.early_hints.clear();
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    rules.early_hints.push_back(reader.compile(directive, i));
  }
}

template <std::optional<TemplateText> ProxyRules::* Member>
void read_template(Reader& reader, const Directive& directive) {
  rules_of(reader).*Member = reader.compile(directive, 1);
}

template <std::optional<int> ProxyRules::* Member>
void read_buffer_of_socket(Reader& reader, const Directive& directive) {
  read_socket_buffer(reader, directive, rules_of(reader).*Member);
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("proxy_redirect", hsl, take12, read_proxy_redirect),
    supported("proxy_cookie_domain", hsl, take12, read_cookie_rule<&ProxyRules::cookie_domains>),
    supported("proxy_cookie_path", hsl, take12, read_cookie_rule<&ProxyRules::cookie_paths>),
    supported("proxy_cookie_flags", hsl, take1234, read_cookie_flags),
    supported("proxy_ignore_headers", hsl, take1_or_more, read_ignore_headers),
    supported("proxy_set_body", hsl, take1, read_template<&ProxyRules::set_body>, Value::text),
    supported("proxy_method", hsl, take1, read_template<&ProxyRules::method>, Value::text),
    supported("proxy_bind", hsl, take12, into_rules<read_bind>, Value::text),
    supported("proxy_limit_rate", hsl, take1, into_rules<read_read_rate>, Value::text),
    supported("proxy_pass_trailers", hsl, take_switch, set_switch<&ProxyRules::pass_trailers>),
    supported("proxy_force_ranges", hsl, take_switch, set_switch<&ProxyRules::force_ranges>),
    supported("proxy_socket_keepalive", hsl, take_switch,
              set_switch<&ProxyRules::socket_keepalive>),
    supported("proxy_socket_sndbuf", hsl, take1,
              read_buffer_of_socket<&ProxyRules::send_buffer_bytes>, Value::size),
    supported("proxy_socket_rcvbuf", hsl, take1,
              read_buffer_of_socket<&ProxyRules::receive_buffer_bytes>, Value::size),
    supported("early_hints", hsl, take1_or_more, read_early_hints),
};

}  // namespace

std::span<const Rule> proxy_rewriting_rules() {
  return rules;
}

}  // namespace baton::config::nginx
