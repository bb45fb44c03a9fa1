// What needs the whole file.

#include "config/nginx/assemble.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>

#include "base/text.h"
#include "config/model/limits.h"
#include "config/nginx/health_check.h"
#include "config/nginx/proxy_cache.h"

namespace baton::config::nginx {

namespace {

// A group for a proxy_pass that names a host (or socket) and no upstream block. Locations that
// name the same one share it.
class UpstreamResolver {
 public:
  explicit UpstreamResolver(Reader& reader) : reader_(reader) {}

  void resolve(const ProxyLine& line) {
    if (line.proxy->url) return;  // found for each request
    const auto named = reader_.upstream_names.find(lowered(line.host));
    if (named == reader_.upstream_names.end()) {
      line.proxy->upstream = implicit_group(line);
      return;
    }
    if (line.port) {
      reader_.error(*line.directive, 1,
                    fmt::format("upstream \"{}\" may not have port {}", line.host, *line.port));
    }
    line.proxy->upstream = named->second;
  }

 private:
  std::uint32_t implicit_group(const ProxyLine& line) {
    if (line.needs_port && !line.port && !line.host.starts_with("unix:")) {
      reader_.error(*line.directive, 1, fmt::format("no port in upstream \"{}\"", line.host));
      return 0;
    }
    const std::uint16_t port = line.proxy->port;
    const auto [place, is_new] = implicit_.try_emplace({lowered(line.host), port}, 0);
    if (is_new) place->second = add_group(line, port);
    return place->second;
  }

  std::uint32_t add_group(const ProxyLine& line, std::uint16_t port) {
    UpstreamGroup group;
    group.implicit = true;
    group.where = line.directive->position(line.directive->words[1]);
    UpstreamServer server;
    server.where = group.where;
    if (line.host.starts_with("unix:")) {
      group.name = line.host;
      server.name = line.host;
      server.unix_path = line.host.substr(5);
      group.servers.push_back(std::move(server));
    } else {
      group.name = line.port ? fmt::format("{}:{}", line.host, port) : line.host;
      server.name = fmt::format("{}:{}", line.host, port);
      for (const net::IpAddress& address :
           reader_.find_host(parse_address(line.host, AddressUse::upstream))) {
        server.endpoint = {address, port};
        group.servers.push_back(server);
      }
    }
    if (group.servers.empty()) {
      reader_.error(*line.directive, 1,
                    fmt::format("host not found in upstream \"{}\"", line.host));
    }
    reader_.proxy().upstreams.push_back(std::move(group));
    return static_cast<std::uint32_t>(reader_.proxy().upstreams.size() - 1);
  }

  Reader& reader_;
  std::map<std::pair<std::string, std::uint16_t>, std::uint32_t> implicit_;
};

// Puts all `listen` lines of one address together.
class ListenerCollector {
 public:
  explicit ListenerCollector(Reader& reader) : reader_(reader) {}

  void add(const ListenLine& line) {
    auto& listeners = reader_.proxy().listeners;
    const auto [place, is_new] =
        places_.try_emplace(line.address, static_cast<std::uint32_t>(listeners.size()));
    if (is_new) {
      Listener listener;
      listener.where = line.directive->position(line.directive->words[0]);
      listeners.push_back(std::move(listener));
      states_.emplace_back();
    }
    Listener& listener = listeners[place->second];
    State& state = states_[place->second];
    if (!listener.servers.empty() && listener.servers.back() == line.server) {
      return error(line, fmt::format("a duplicate listen {}", line.address.text()));
    }
    const bool proxy_protocol = listener.proxy_protocol || line.options.proxy_protocol;
    take_options(line, listener, state);
    // One of several servers of an address asks for it for all.
    listener.proxy_protocol = proxy_protocol;
    if (line.default_server) take_default(line, listener, state);
    if (listener.servers.empty() && !line.default_server) listener.default_server = line.server;
    listener.address = line.address;
    listener.servers.push_back(line.server);
  }

 private:
  struct State {
    bool has_options = false;
    bool has_default = false;
  };

  void take_options(const ListenLine& line, Listener& listener, State& state) {
    if (!line.has_options) return;
    if (state.has_options) {
      return error(line, fmt::format("duplicate listen options for {}", line.address.text()));
    }
    state.has_options = true;
    Listener merged = line.options;
    merged.default_server = listener.default_server;
    merged.servers = std::move(listener.servers);
    merged.where = line.directive->position(line.directive->words[0]);
    listener = std::move(merged);
  }

  void take_default(const ListenLine& line, Listener& listener, State& state) {
    if (state.has_default) {
      return error(line, fmt::format("a duplicate default server for {}", line.address.text()));
    }
    state.has_default = true;
    listener.default_server = line.server;
  }

  void error(const ListenLine& line, std::string message) {
    const std::size_t index = line.directive->count() > 0 ? 1 : 0;
    reader_.error(*line.directive, index, std::move(message));
  }

  Reader& reader_;
  std::map<ListenAddress, std::uint32_t> places_;
  std::vector<State> states_;
};

void find_duplicate_locations(Reader& reader) {
  // Prefixes with and without ^~ are one kind: both cannot have the same text.
  std::set<std::tuple<std::uint32_t, std::uint32_t, int, std::string_view>> known;
  for (const LocationLine& line : reader.location_lines) {
    const Location& location = reader.proxy().servers[line.server].locations[line.location];
    Location::Match match = location.match;
    if (match == Location::Match::regex || match == Location::Match::regex_no_case) continue;
    if (match == Location::Match::prefix_no_regex) match = Location::Match::prefix;
    const bool is_new =
        known.emplace(line.server, line.parent, static_cast<int>(match), location.pattern).second;
    if (!is_new && match != Location::Match::named) {
      reader.error(*line.directive, line.directive->count(),
                   fmt::format("duplicate location \"{}\"", location.pattern));
    }
  }
}

// nginx serves such a name from the first server only, and warns.
void find_conflicting_names(Reader& reader) {
  const Proxy& proxy = reader.proxy();
  const std::vector<std::uint32_t>* checked = nullptr;
  for (const Listener& listener : proxy.listeners) {
    // Ports of a range, or 0.0.0.0 and [::], have the same servers: one warning is enough.
    if (checked != nullptr && *checked == listener.servers) continue;
    checked = &listener.servers;
    std::map<std::pair<ServerName::Kind, std::string_view>, std::uint32_t> owners;
    for (const std::uint32_t index : listener.servers) {
      for (const ServerName& name : proxy.servers[index].names) {
        if (name.kind == ServerName::Kind::regex) continue;
        const auto [place, is_new] = owners.try_emplace({name.kind, name.text}, index);
        if (is_new || (place->second == index && name.text.empty())) continue;
        reader.warn_at(proxy.servers[index].where,
                       fmt::format("conflicting server name \"{}\" on {}, ignored", name.text,
                                   listener.address.text()));
      }
    }
  }
}

// nginx's words for a zone that a limit names and nobody defines.
void find_undefined_zones(Reader& reader) {
  for (const auto& zone : reader.proxy().limit_zones) {
    if (zone->size_bytes != 0) continue;
    reader.error_without_place(fmt::format("zero size shared memory zone \"{}\"", zone->name));
  }
}

}  // namespace

void assemble(Reader& reader) {
  UpstreamResolver resolver(reader);
  for (const ProxyLine& line : reader.proxy_lines) resolver.resolve(line);
  finish_health_checks(reader);
  ListenerCollector collector(reader);
  for (const ListenLine& line : reader.listen_lines) collector.add(line);
  check_cache_zones(reader);
  find_duplicate_locations(reader);
  find_conflicting_names(reader);
  find_undefined_zones(reader);
}

}  // namespace baton::config::nginx
