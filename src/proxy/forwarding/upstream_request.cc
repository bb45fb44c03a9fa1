// Writing upstream request heads.

#include "proxy/forwarding/upstream_request.h"

#include "base/number_text.h"
#include "config/model/proxy_rules.h"
#include "http/head_parser.h"
#include "http/header_line.h"
#include "http/uri.h"
#include "proxy/client/stored_body.h"
#include "proxy/forwarding/cached_request.h"
#include "proxy/forwarding/fastcgi_request.h"
#include "proxy/response/response_head.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

void append_upstream_uri(std::string& text, const Request& request,
                         const config::ProxyPass& proxy) {
  if (request.passed && !request.passed->uri.empty()) {
    text.append(request.passed->uri);
    return;
  }
  if (proxy.uri && request.location_fits_uri) {
    const std::size_t matched = request.location->match == config::Location::Match::server ||
                                        request.location->match == config::Location::Match::named
                                    ? 0
                                    : request.location->pattern.size();
    text.append(*proxy.uri);
    if (matched <= request.uri.size()) http::append_escaped(text, request.uri.substr(matched));
  } else if (!request.uri_changed) {
    text.append(request.raw_uri);
    return;
  } else {
    http::append_escaped(text, request.uri);
  }
  if (!request.args.empty()) text.append("?").append(request.args);
}

namespace {

void append_configured_headers(std::string& text, const Request& request,
                               const config::ProxyPass& proxy) {
  for (const config::HeaderLine& line : proxy.set_headers) {
    if (line.value.is_literal()) {
      if (!line.value.empty()) http::append_header_line(text, line.name, line.value.literal());
      continue;
    }
    const std::size_t start = text.size();
    text.append(line.name).append(": ");
    const std::size_t value = text.size();
    append_header_value(text, line.value, request);
    if (text.size() == value) {
      text.resize(start);
    } else {
      text.append("\r\n");
    }
  }
}

// proxy_method, or the client's own; the cache keeps no answers to HEAD.
void append_method(std::string& text, Exchange& exchange, const config::ProxyPass& proxy) {
  const Request& request = exchange.request;
  exchange.upstream_method = request.head.method;
  if (!proxy.rules || !proxy.rules->method) {
    const bool as_get = exchange.cached && request.head.method == http::Method::head &&
                        exchange.cached->asks_with_get();
    if (as_get) exchange.upstream_method = http::Method::get;
    text.append(as_get ? "GET" : request.head.method_name).append(" ");
    return;
  }
  append_header_value(text, *proxy.rules->method, request);
  exchange.upstream_method = http::find_method(text);
  text.append(" ");
}

void append_length(std::string& text, std::uint64_t bytes) {
  text.append("Content-Length: ");
  append_decimal(text, bytes);
  text.append("\r\n");
}

void append_framing(std::string& text, const Exchange& exchange, const config::ProxyPass& proxy) {
  const http::RequestHead& head = exchange.request.head;
  if (!proxy.pass_request_body || exchange.request.body_given_up) return;
  if (const StoredBody* stored = exchange.request.stored_body.get()) {
    append_length(text, stored->size);
  } else if (head.framing.kind == http::BodyKind::chunked) {
    text.append("Transfer-Encoding: chunked\r\n");
  } else if (head.framing.kind == http::BodyKind::length ||
             head.headers.has(http::HeaderId::content_length)) {
    append_length(text, head.framing.content_length);
  }
}

}  // namespace

void write_upstream_request(Exchange& exchange, const LocationPlan& plan) {
  const Request& request = exchange.request;
  const config::ProxyPass& proxy = *plan.location->proxy;
  std::string& text = exchange.upstream_request;
  text.clear();
  const CachedRequest* const cached = exchange.cached;
  append_method(text, exchange, proxy);
  exchange.upstream_uri_at = text.size();
  append_upstream_uri(text, request, proxy);
  exchange.upstream_uri_size = text.size() - exchange.upstream_uri_at;
  text.append(proxy.http_1_1 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
  append_configured_headers(text, request, proxy);
  if (!plan.sets_connection) {
    const auto& group =
        exchange.services.upstreams.group(exchange.upstream_group, exchange.upstream_hold).config();
    if (!proxy.http_1_1 || group.keepalive_connections == 0) text.append("Connection: close\r\n");
  }
  const bool own_body = proxy.rules && proxy.rules->set_body;
  std::string body;
  if (own_body) {
    append_text(body, *proxy.rules->set_body, request);
    append_length(text, body.size());
  } else {
    append_framing(text, exchange, proxy);
  }
  if (cached) cached->append_conditions(text, plan);
  if (proxy.pass_request_headers) {
    for (const http::Header& line : request.head.headers) {
      if (line.hop_by_hop || plan.set_by_us.contains(line.id, line.name)) continue;
      if (cached && cached->hides(line.id)) continue;
      http::append_header_line(text, line.name, line.value);
    }
  }
  text.append("\r\n");
  if (own_body) text.append(body);
}

std::string upstream_url(const Exchange& exchange, std::string_view server) {
  if (exchange.request.location->fastcgi_pass) return fastcgi_url(server);
  std::string url = "http://";
  url.append(server);
  if (server.starts_with("unix:")) url.append(":");
  url.append(exchange.upstream_request, exchange.upstream_uri_at, exchange.upstream_uri_size);
  return url;
}

}  // namespace baton::proxy
