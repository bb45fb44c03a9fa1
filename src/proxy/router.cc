// Routing: server, path, location.

#include "proxy/router.h"

#include <string>

#include "base/text.h"
#include "http/uri.h"

namespace baton::proxy {

namespace {

// $host: the name that the client asked for, in lower case; the server's own otherwise.
std::string_view lower_host(Request& request) {
  const std::string_view host = request.head.host;
  for (const char c : host) {
    if (c != to_lower(c)) {
      char* const copy = request.arena.take(host.size());
      for (std::size_t i = 0; i < host.size(); ++i) copy[i] = to_lower(host[i]);
      return {copy, host.size()};
    }
  }
  return host;
}

}  // namespace

Router::Router(const config::Proxy& proxy) : proxy_(proxy) {
  for (const config::Listener& listener : proxy.listeners) names_.emplace_back(proxy, listener);
  for (const config::Server& server : proxy.servers) {
    auto tables = std::make_unique<ServerTables>(ServerTables{Locations(server), {}});
    for (const config::Location& location : server.locations) {
      tables->plans.push_back(make_plan(location));
    }
    servers_.push_back(std::move(tables));
  }
}

Verdict Router::choose_server(Request& request, std::uint32_t listener) const {
  request.proxy = &proxy_;
  request.host = lower_host(request);
  const std::uint32_t index = names_[listener].find(request.host, request.captures);
  request.server = &proxy_.servers[index];
  request.location = &request.server->locations[0];
  if (request.host.empty()) request.host = request.server->primary_name;

  std::string_view path = request.head.path;
  // "http://host?query" has no path.
  if (path.starts_with('?')) path = request.arena.join({"/", path});
  const http::SplitTarget target = http::split_target(path);
  request.raw_uri = path;
  request.raw_path = target.path;
  request.args = target.query;
  const bool merge = request.server->merge_slashes;
  if (http::is_normal_path(target.path, merge)) {
    request.uri = target.path;
    return Verdict::proceed();
  }
  const auto normal =
      http::normalise_path(target.path, merge, request.arena.take(target.path.size()));
  if (!normal) return Verdict::error(400);
  request.uri = *normal;
  return Verdict::proceed();
}

Verdict Router::choose_location(Request& request) const {
  const auto server = static_cast<std::size_t>(request.server - proxy_.servers.data());
  const Locations::Found found = servers_[server]->locations.find(request.uri, request.captures);
  request.location = &request.server->locations[found.location];
  if (found.add_slash) {
    std::string path;
    http::append_escaped(path, request.uri);
    path += '/';
    if (!request.args.empty()) path.append("?").append(request.args);
    request.response.location = request.arena.store(path);
    return Verdict::error(301);
  }
  if (request.location->internal && !request.internal) return Verdict::error(404);
  return Verdict::proceed();
}

Verdict Router::redirect(Request& request, const Verdict& to) const {
  constexpr std::uint8_t redirects_max = 10;
  if (++request.redirects > redirects_max) return Verdict::error(500);
  request.internal = true;
  if (!to.uri.starts_with('@')) {
    request.uri_changed = true;
    request.uri = to.uri;
    request.args = to.args;
    return choose_location(request);
  }
  const auto server = static_cast<std::size_t>(request.server - proxy_.servers.data());
  const auto named = servers_[server]->locations.find_named(to.uri);
  if (!named) return Verdict::error(500);
  request.location = &request.server->locations[*named];
  return Verdict::proceed();
}

const LocationPlan& Router::plan(const Request& request) const {
  const auto server = static_cast<std::size_t>(request.server - proxy_.servers.data());
  const auto location =
      static_cast<std::size_t>(request.location - request.server->locations.data());
  return servers_[server]->plans[location];
}

std::string_view absolute_location(Request& request, std::string_view path) {
  const config::Location& location = *request.location;
  if (!location.absolute_redirect || !path.starts_with('/')) return path;
  std::string_view host = request.host;
  if (location.server_name_in_redirect || request.head.host.empty() || host.empty()) {
    host = request.server->primary_name;
  }
  if (host.empty()) host = request.arena.store(request.client->local.address.text());
  std::string port;
  if (location.port_in_redirect && request.client->local.port != 80) {
    port = ":" + std::to_string(request.client->local.port);
  }
  return request.arena.join({"http://", host, port, path});
}

}  // namespace baton::proxy
