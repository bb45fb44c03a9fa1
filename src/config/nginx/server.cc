// The server block and its names. A name is exact, begins or ends with "*", begins with "." (the
// name itself and everything below it), or is a regular expression after "~".

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "config/nginx/proxy.h"
#include "config/nginx/reader.h"
#include "config/nginx/rewrite.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

void read_server(Reader& reader, const Directive& directive) {
  Proxy& proxy = reader.proxy();
  const std::size_t index = proxy.servers.size();
  const std::size_t listens_before = reader.listen_lines.size();
  proxy.servers.emplace_back();
  Level inner = reader.nested(in_server);
  inner.server_index = static_cast<std::uint32_t>(index);
  inner.location_index = 0;
  inner.server.where = directive.position(directive.words[0]);
  inner.location.match = Location::Match::server;
  inner.location.pattern.clear();
  inner.location.where = inner.server.where;
  const Reader::Blocks blocks = reader.read_settings(directive.block, inner);

  check_proxy_buffers(reader, inner);
  if (reader.listen_lines.size() == listens_before) {
    // Without a `listen` a server answers on *:80, or *:8000 when it may not.
    const std::uint16_t port = ::geteuid() == 0 ? 80 : 8000;
    ListenLine line;
    line.server = inner.server_index;
    line.directive = &directive;
    line.address.endpoint = {net::IpAddress::any(net::Family::ipv4), port};
    reader.listen_lines.push_back(std::move(line));
  }
  if (inner.server.names.empty()) inner.server.names.push_back({ServerName::Kind::exact, ""});
  proxy.servers[index] = std::move(inner.server);
  inner.server = {};
  proxy.servers[index].locations.push_back(inner.location);
  reader.read_levels(blocks, inner);
  proxy.servers[index].locations[0].rewrite = make_program(inner);
}

std::string own_host_name() {
  char name[256] = "";
  if (::gethostname(name, sizeof name - 1) != 0) return "";
  return lowered(name);
}

void add_regex_name(Reader& reader, const Directive& directive, std::size_t index) {
  const std::string_view pattern = std::string_view(directive.word(index)).substr(1);
  if (pattern.empty()) {
    return reader.error(directive, index,
                        fmt::format("empty regex in server name \"{}\"", directive.word(index)));
  }
  if (!reader.check_regex(directive, index, pattern, true)) return;
  reader.level().server.names.push_back({ServerName::Kind::regex, std::string(pattern)});
}

// Everything about a name that a table of names could not hold.
bool is_well_formed(std::string_view name) {
  if (name.find("..") != std::string_view::npos) return false;
  const auto stars = std::ranges::count(name, '*');
  if (stars == 0) return true;
  if (stars > 1) return false;
  return name.starts_with("*.") || name.ends_with(".*");
}

void add_plain_name(Reader& reader, const Directive& directive, std::size_t index) {
  const std::string& written = directive.word(index);
  auto& names = reader.level().server.names;
  if ((written.starts_with('*') && (written.size() < 3 || written[1] != '.')) ||
      (written.starts_with('.') && written.size() < 2)) {
    return reader.error(directive, index, fmt::format("server name \"{}\" is invalid", written));
  }
  if (written.find('/') != std::string::npos) {
    reader.warning(directive, index,
                   fmt::format("server name \"{}\" has suspicious symbols", written));
  }
  const std::string name = lowered(written);
  if (!is_well_formed(name)) {
    return reader.error(directive, index,
                        fmt::format("invalid server name or wildcard \"{}\"", written));
  }
  if (name.starts_with("*.")) {
    names.push_back({ServerName::Kind::leading_wildcard, name.substr(2)});
  } else if (name.ends_with(".*")) {
    names.push_back({ServerName::Kind::trailing_wildcard, name.substr(0, name.size() - 2)});
  } else if (name.starts_with('.')) {
    names.push_back({ServerName::Kind::exact, name.substr(1)});
    names.push_back({ServerName::Kind::leading_wildcard, name.substr(1)});
  } else {
    names.push_back({ServerName::Kind::exact, name});
  }
}

void read_server_name(Reader& reader, const Directive& directive) {
  Server& server = reader.level().server;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const std::string& written = directive.word(i);
    if (server.names.empty()) {
      server.primary_name = written.starts_with('.') ? written.substr(1) : written;
      if (!written.starts_with('~')) server.primary_name = lowered(server.primary_name);
    }
    if (equals_ignoring_case(written, "$hostname")) {
      if (server.names.empty()) server.primary_name = own_host_name();
      server.names.push_back({ServerName::Kind::exact, own_host_name()});
    } else if (written.starts_with('~')) {
      add_regex_name(reader, directive, i);
    } else {
      add_plain_name(reader, directive, i);
    }
  }
}

constexpr Rule rules[] = {
    level("server", in_http, take0, read_server),
    supported("server_name", in_server, take1_or_more, read_server_name),
};

}  // namespace

std::span<const Rule> server_rules() {
  return rules;
}

}  // namespace baton::config::nginx
