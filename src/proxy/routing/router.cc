// Routing: server, path, location.

#include "proxy/routing/router.h"

#include <string>

#include "base/text.h"
#include "config/model/rewrite.h"
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

// The expressions of a rewrite program, by step.
std::vector<Regex> compile_steps(const config::RewriteProgram& program,
                                 const DefinedVariables& variables) {
  std::vector<Regex> patterns(program.steps.size());
  const auto compile = [&](std::size_t index, const std::string& pattern, bool ignore_case) {
    if (auto regex = variables.compile(pattern, ignore_case)) patterns[index] = std::move(*regex);
  };
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    if (const auto* rewrite = std::get_if<config::RewriteStep>(&program.steps[i])) {
      compile(i, rewrite->pattern, false);
    } else if (const auto* test = std::get_if<config::IfStep>(&program.steps[i])) {
      if (test->test == config::IfStep::Test::regex) compile(i, test->pattern, test->ignore_case);
    }
  }
  return patterns;
}

}  // namespace

Router::Router(const config::Proxy& proxy) : proxy_(proxy), definitions_(proxy) {
  for (const config::Listener& listener : proxy.listeners) {
    names_.emplace_back(proxy, listener, &definitions_);
  }
  for (const config::Server& server : proxy.servers) {
    auto tables =
        std::make_unique<ServerTables>(ServerTables{Locations(server, &definitions_), {}});
    for (const config::Location& location : server.locations) {
      tables->plans.push_back(make_plan(location));
      if (!location.rewrite) continue;
      tables->plans.back().step_patterns = compile_steps(*location.rewrite, definitions_);
    }
    servers_.push_back(std::move(tables));
  }
}

Verdict Router::choose_server(Request& request, std::uint32_t listener) const {
  request.proxy = &proxy_;
  request.host = lower_host(request);
  const std::uint32_t index = names_[listener].find(request.host, request.captures);
  if (!request.captures.empty()) keep_named_captures(request);
  request.server = &proxy_.servers[index];
  request.location = &request.server->locations[0];
  if (request.host.empty()) request.host = request.server->primary_name;

  std::string_view path = request.head.path;
  // "http://host?query" has no path.
  if (path.starts_with('?')) path = request.arena.join({"/", path});
  const http::SplitTarget target = http::split_target(path);
  request.raw_uri = path;
  // A fragment is the client's own business and no part of a target (RFC 9112 section 3.2).
  if (path.find('#') != std::string_view::npos) return Verdict::error(400);
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
  if (found.captured) keep_named_captures(request);
  request.location = &request.server->locations[found.location];
  if (request.location->internal && !request.internal) return Verdict::error(404);
  apply_method_limit(request);
  if (found.add_slash) {
    std::string path;
    http::append_escaped(path, request.uri);
    path += '/';
    if (!request.args.empty()) path.append("?").append(request.args);
    request.response.location = request.arena.store(path);
    return Verdict::error(301);
  }
  return Verdict::proceed();
}

bool Router::choose_named(Request& request, std::string_view name) const {
  const auto server = static_cast<std::size_t>(request.server - proxy_.servers.data());
  const auto named = servers_[server]->locations.find_named(name);
  if (!named) return false;
  request.location = &request.server->locations[*named];
  apply_method_limit(request);
  return true;
}

void Router::apply_method_limit(Request& request) const {
  const auto& limit = request.location->limit_except;
  if (!limit) return;
  const std::string_view method = request.head.method_name;
  const std::string_view asked = method == "HEAD" ? "GET" : method;
  for (const std::string& allowed : limit->methods) {
    if (allowed == method || allowed == asked) return;
  }
  request.location = &request.server->locations[limit->location];
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
  // A client that named no host is told the address that it found us at.
  std::string_view host = request.head.host.empty() ? std::string_view() : request.host;
  if (location.server_name_in_redirect) host = request.server->primary_name;
  if (host.empty()) host = request.arena.store(request.client->local.address.text());
  std::string port;
  if (location.port_in_redirect && request.client->local.port != 80) {
    port = ":" + std::to_string(request.client->local.port);
  }
  return request.arena.join({"http://", host, port, path});
}

}  // namespace baton::proxy
