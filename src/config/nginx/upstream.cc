// upstream blocks: a named group of servers and how connections to them are kept.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/model/resolver.h"
#include "config/nginx/endpoint.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint16_t default_port = 80;
constexpr std::size_t route_bytes_max = 32;
constexpr std::uint64_t zone_bytes_min = 8 * 4096;

// Names that are resolved while baton runs need somebody to ask.
void check_resolved(Reader& reader, const Directive& directive, UpstreamGroup& group) {
  if (group.resolved.empty()) {
    group.resolver.reset();
  } else if (!group.resolver || group.resolver->servers.empty()) {
    reader.error(directive, 1,
                 fmt::format("no resolver defined to resolve names at run time in upstream \"{}\"",
                             group.name));
  }
}

void read_upstream(Reader& reader, const Directive& directive) {
  Proxy& proxy = reader.proxy();
  const std::string& name = directive.word(1);
  Level inner = reader.nested(in_upstream);
  inner.upstream = {};
  inner.upstream.name = name;
  inner.upstream.resolver = reader.level().location.resolver;
  inner.upstream.where = directive.position(directive.words[1]);
  const std::size_t errors_before = reader.error_count();
  reader.read_block(directive.block, inner);
  if (inner.upstream.servers.empty() && inner.upstream.resolved.empty() &&
      reader.error_count() == errors_before) {
    reader.error(directive, 0, "no servers are inside upstream");
  }
  check_resolved(reader, directive, inner.upstream);
  const auto& servers = inner.upstream.servers;
  if (!servers.empty() && std::ranges::all_of(servers, &UpstreamServer::backup) &&
      inner.upstream.resolved.empty()) {
    reader.error(directive, 1, fmt::format("no servers in upstream \"{}\"", name));
  }
  const auto index = static_cast<std::uint32_t>(proxy.upstreams.size());
  if (!reader.upstream_names.try_emplace(lowered(name), index).second) {
    return reader.error(directive, 1, fmt::format("duplicate upstream \"{}\"", name));
  }
  proxy.upstreams.push_back(std::move(inner.upstream));
}

// Parameters of nginx's `server` that change what the server is used for.
bool is_known_parameter(std::string_view word) {
  return word == "ssl";
}

// One parameter into `server`. False: not one that nginx knows, or with a bad value.
bool read_parameter(std::string_view word, UpstreamServer& server) {
  const std::size_t equals = word.find('=');
  if (equals == std::string_view::npos) {
    if (word == "backup") server.backup = true;
    if (word == "down") server.down = true;
    if (word == "drain") server.drain = true;
    return word == "backup" || word == "down" || word == "drain";
  }
  const std::string_view name = word.substr(0, equals);
  const std::string_view value = word.substr(equals + 1);
  if (name == "fail_timeout") {
    const auto time = parse_seconds(value);
    if (time) server.fail_timeout = *time;
    return time.has_value();
  }
  if (name == "slow_start") {
    const auto time = parse_milliseconds(value);
    if (time) server.slow_start = *time;
    return time.has_value();
  }
  if (name == "route") {
    server.route = value;
    return !value.empty() && value.size() <= route_bytes_max;
  }
  const auto number = parse_unsigned(value, UINT32_MAX);
  if (!number) return false;
  const auto count = static_cast<std::uint32_t>(*number);
  if (name == "weight") server.weight = count;
  if (name == "max_fails") server.max_fails = count;
  if (name == "max_conns") server.max_connections = count;
  return (name == "weight" && count > 0) || name == "max_fails" || name == "max_conns";
}

// Hashing and sampling know neither backups nor weights that grow.
bool is_above_method(Reader& reader, std::string_view word) {
  switch (reader.level().upstream.balance) {
    case Balance::ip_hash:
    case Balance::hash:
    case Balance::hash_consistent:
    case Balance::random:
      return word == "backup" || word.starts_with("slow_start=");
    default:
      return false;
  }
}

// `resolve` and `service=`.
struct RunTimeNames {
  bool resolve = false;
  std::string service;
};

bool read_parameters(Reader& reader, const Directive& directive, UpstreamServer& server,
                     RunTimeNames& names) {
  for (std::size_t i = 2; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    if (word == "resolve") {
      names.resolve = true;
      continue;
    }
    if (word.starts_with("service=")) {
      names.service = word.substr(8);
      if (!names.service.empty()) continue;
      reader.error(directive, i, "service is empty");
      return false;
    }
    if (is_known_parameter(word)) {
      reader.error(directive, i,
                   fmt::format("parameter \"{}\" of \"server\" is not supported by baton", word));
      return false;
    }
    if (is_above_method(reader, word)) {
      reader.error(directive, i,
                   fmt::format("balancing method does not support parameter \"{}\"", word));
      return false;
    }
    if (!read_parameter(word, server)) {
      reader.error(directive, i, fmt::format("invalid parameter \"{}\"", word));
      return false;
    }
  }
  return true;
}

// A line whose addresses are found while baton runs. Nothing is looked up now.
void add_resolved(Reader& reader, const Directive& directive, UpstreamServer server,
                  const AddressText& text, const RunTimeNames& names) {
  const std::string& written = directive.word(1);
  if (!names.service.empty() && text.port) {
    return reader.error(directive, 1,
                        fmt::format("service upstream \"{}\" may not have port", written));
  }
  ResolvedServer line;
  line.port = text.port.value_or(default_port);
  line.host = lowered(text.host);
  line.service = names.service;
  server.name = fmt::format("{}:{}", text.host, line.port);
  line.server = std::move(server);
  reader.level().upstream.resolved.push_back(std::move(line));
}

void read_upstream_server(Reader& reader, const Directive& directive) {
  auto& servers = reader.level().upstream.servers;
  const std::string& written = directive.word(1);
  const AddressText text = parse_address(written, AddressUse::upstream);
  if (!text.problem.empty()) {
    return reader.error(directive, 1, fmt::format("{} in upstream \"{}\"", text.problem, written));
  }
  UpstreamServer server;
  server.name = server.written = written;
  server.where = directive.position(directive.words[1]);
  RunTimeNames names;
  if (!read_parameters(reader, directive, server, names)) return;
  if (!names.service.empty() && !names.resolve) {
    return reader.error(
        directive, 1,
        fmt::format("service upstream \"{}\" requires \"resolve\" parameter", written));
  }
  // An address is what it is, whatever is to be resolved.
  if (names.resolve && text.unix_path.empty() && !text.address) {
    return add_resolved(reader, directive, std::move(server), text, names);
  }
  if (!text.unix_path.empty()) {
    server.unix_path = text.unix_path;
    servers.push_back(std::move(server));
    return;
  }
  const std::uint16_t port = text.port.value_or(default_port);
  if (!text.port) server.name = fmt::format("{}:{}", text.host, port);
  const auto addresses = reader.find_host(text);
  if (addresses.empty()) {
    return reader.error(directive, 1, fmt::format("host not found in upstream \"{}\"", written));
  }
  for (const net::IpAddress& address : addresses) {
    server.endpoint = {address, port};
    servers.push_back(server);
  }
}

void read_keepalive(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  const auto count = parse_unsigned(directive.word(1), 65536);
  if (!count || (directive.count() == 2 && directive.word(2) != "local")) {
    const std::size_t index = count ? 2 : 1;
    return reader.error(
        directive, index,
        fmt::format("invalid value \"{}\" in \"keepalive\" directive", directive.word(index)));
  }
  reader.level().upstream.keepalive_connections = static_cast<std::uint32_t>(*count);
}

// The state of servers is shared in any case, in memory that needs no size.
void check_zone(Reader& reader, const Directive& directive) {
  const std::string& name = directive.word(1);
  if (name.empty()) {
    return reader.error(directive, 1, fmt::format("invalid zone name \"{}\"", name));
  }
  if (directive.count() == 1) return;
  const auto size = parse_size(directive.word(2));
  if (!size) {
    return reader.error(directive, 2, fmt::format("invalid zone size \"{}\"", directive.word(2)));
  }
  if (*size < zone_bytes_min) {
    reader.error(directive, 2, fmt::format("zone \"{}\" is too small", name));
  }
}

constexpr Rule rules[] = {
    level("upstream", in_http, take1, read_upstream),
    supported("server", in_upstream, take1_or_more, read_upstream_server),
    supported("keepalive", in_upstream, take12, read_keepalive),
    supported("keepalive_requests", in_upstream, take1,
              set_number<&UpstreamGroup::keepalive_requests>, Value::number),
    supported("keepalive_timeout", in_upstream, take1,
              set_milliseconds<&UpstreamGroup::keepalive_timeout>, Value::milliseconds),
    supported("keepalive_time", in_upstream, take1,
              set_milliseconds<&UpstreamGroup::keepalive_time>, Value::milliseconds),
    supported("zone", in_upstream, take12, check_zone),
    refused("ntlm", in_upstream, take0),
    refused("state", in_upstream, take1),
};

}  // namespace

std::span<const Rule> upstream_rules() {
  return rules;
}

}  // namespace baton::config::nginx
