// From text to a group.

#include "proxy/forwarding/passed_upstream.h"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "base/text.h"
#include "config/model/resolver.h"
#include "config/nginx/endpoint.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using config::nginx::AddressText;

constexpr std::uint16_t http_port = 80;
constexpr std::string_view scheme = "http://";

Verdict refuse(Exchange& exchange, std::uint16_t status, std::string_view why) {
  exchange.services.error_log.write(LogLevel::error, exchange.request, why);
  return Verdict::error(status);
}

// A URI made of variables may hold what would end the request line: that is escaped.
std::string_view sendable(Arena& arena, std::string_view uri) {
  std::string escaped;
  for (const char c : uri) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f) {
      escaped += fmt::format("%{:02X}", byte);
    } else {
      escaped += c;
    }
  }
  return arena.store(escaped);
}

// Fills in request.passed and gives what stands before the URI.
PassedUrl describe_url(Arena& arena, const AddressText& text) {
  PassedUrl passed;
  if (!text.unix_path.empty()) {
    passed.host_header = "localhost";
  } else if (!text.port || *text.port == http_port) {
    passed.host_header = arena.store(text.host);
    passed.port = "80";
  } else {
    passed.port = arena.store(fmt::format("{}", *text.port));
    passed.host_header = arena.join({text.host, ":", passed.port});
  }
  if (!text.uri.empty()) {
    passed.uri = sendable(arena, text.uri.starts_with('?') ? "/" + text.uri : text.uri);
  }
  return passed;
}

config::UpstreamServer server_at(const net::IpAddress& address, std::uint16_t port) {
  config::UpstreamServer server;
  server.endpoint = {address, port};
  return server;
}

void ask(Exchange& exchange, std::string_view name, std::vector<config::UpstreamServer> servers) {
  exchange.upstream_hold = exchange.services.upstreams.target(name, std::move(servers));
  exchange.upstream_group = exchange.upstream_hold->number;
}

// The addresses of a host name, by the location's resolver.
runtime::Task<Verdict> ask_host(Exchange& exchange, const std::string& host, std::uint16_t port) {
  const auto& settings = exchange.request.location->resolver;
  if (!settings || settings->servers.empty()) {
    co_return refuse(exchange, 502, fmt::format("no resolver defined to resolve {}", host));
  }
  upstream::Resolver& resolver = exchange.services.resolvers.of(*settings);
  upstream::Lookup lookup =
      resolver.find(host, upstream::Resolver::Kind::host, exchange.now() + settings->timeout);
  const auto found = co_await lookup;
  if (found->status != upstream::DnsStatus::found) {
    co_return refuse(exchange, 502,
                     fmt::format("{} could not be resolved ({}: {})", host,
                                 static_cast<int>(found->status), describe(found->status)));
  }
  std::vector<config::UpstreamServer> servers;
  for (const net::IpAddress& address : found->addresses) {
    servers.push_back(server_at(address, port));
  }
  ask(exchange, fmt::format("{}:{}", host, port), std::move(servers));
  co_return Verdict::proceed();
}

// Works out the URL and fills in request.passed; `text` gets what stands before the URI.
Verdict read_url(Exchange& exchange, const config::ProxyPass& proxy, AddressText& text) {
  Request& request = exchange.request;
  std::string url;
  append_text(url, *proxy.url, request);
  if (request.location->fastcgi_pass) {
    text = config::nginx::parse_address(url, config::nginx::AddressUse::upstream);
    if (text.problem.empty()) return Verdict::proceed();
    return refuse(exchange, 500, fmt::format("{} in upstream \"{}\"", text.problem, url));
  }
  if (url.size() <= scheme.size() ||
      !equals_ignoring_case(std::string_view(url).substr(0, scheme.size()), scheme)) {
    return refuse(exchange, 500, fmt::format("invalid URL prefix in \"{}\"", url));
  }
  text = config::nginx::parse_address(std::string_view(url).substr(scheme.size()),
                                      config::nginx::AddressUse::proxy_pass);
  if (!text.problem.empty()) {
    return refuse(exchange, 500,
                  fmt::format("{} in upstream \"{}\"", text.problem, url.substr(scheme.size())));
  }
  exchange.passed_url = describe_url(request.arena, text);
  request.passed = &exchange.passed_url;
  return Verdict::proceed();
}

}  // namespace

Verdict read_passed_url(Exchange& exchange, const config::ProxyPass& proxy) {
  AddressText text;
  return read_url(exchange, proxy, text);
}

runtime::Task<Verdict> find_passed_upstream(Exchange& exchange, const config::ProxyPass& proxy) {
  AddressText text;
  const Verdict read = read_url(exchange, proxy, text);
  if (read.kind != Verdict::Kind::proceed) co_return read;
  if (!text.unix_path.empty()) {
    config::UpstreamServer server;
    server.unix_path = text.unix_path;
    ask(exchange, "unix:" + text.unix_path, {std::move(server)});
    co_return Verdict::proceed();
  }
  if (const auto group = exchange.services.upstreams.find(text.host, text.port)) {
    exchange.upstream_group = *group;
    exchange.upstream_hold = exchange.services.upstreams.hold(*group);
    co_return Verdict::proceed();
  }
  if (!text.port && exchange.request.location->fastcgi_pass) {
    co_return refuse(exchange, 500, fmt::format("no port in upstream \"{}\"", text.host));
  }
  const std::uint16_t port = text.port.value_or(http_port);
  if (text.address) {
    ask(exchange, fmt::format("{}:{}", text.host, port), {server_at(*text.address, port)});
    co_return Verdict::proceed();
  }
  co_return co_await ask_host(exchange, text.host, port);
}

}  // namespace baton::proxy
