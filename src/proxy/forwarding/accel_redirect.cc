// Redirects by upstream servers.

#include "proxy/forwarding/accel_redirect.h"

#include <fmt/format.h>

#include <string>

#include "http/uri.h"

namespace baton::proxy {

namespace {

using http::HeaderId;

bool stays(HeaderId id) {
  switch (id) {
    case HeaderId::set_cookie:
    case HeaderId::content_disposition:
    case HeaderId::cache_control:
    case HeaderId::expires:
    case HeaderId::accept_ranges:
      return true;
    default:
      return false;
  }
}

// The head's buffer may be used again on the way.
void keep_lines(Exchange& exchange, const LocationPlan& plan) {
  Request& request = exchange.request;
  Response& response = request.response;
  const http::HeaderTable& lines = exchange.upstream_head.headers;
  response.reset();
  response.content_type = request.arena.store(lines.value(HeaderId::content_type));
  for (const http::Header& line : lines) {
    if (!stays(line.id) || plan.hidden.contains(line.id, line.name)) continue;
    response.headers.push_back({request.arena.store(line.name), request.arena.store(line.value)});
  }
}

}  // namespace

std::string_view accel_target(const Exchange& exchange) {
  return exchange.upstream_head.headers.value(HeaderId::x_accel_redirect);
}

Verdict follow_accel(Exchange& exchange, const LocationPlan& plan) {
  Request& request = exchange.request;
  const std::string_view target = request.arena.store(accel_target(exchange));
  keep_lines(exchange, plan);
  request.upstream_head = &exchange.upstream_head;
  if (request.head.method != http::Method::head) {
    request.head.method = http::Method::get;
    request.head.method_name = "GET";
  }
  if (target.starts_with('@')) return Verdict::redirect(target);
  const http::SplitTarget split = http::split_target(target);
  char* const room = request.arena.take(split.path.size());
  const bool safe = split.path.starts_with('/') && !http::climbs(split.path);
  const auto path = safe ? http::normalise_path(split.path, false, room) : std::nullopt;
  if (!path) {
    exchange.services.error_log.write(LogLevel::error, request,
                                      fmt::format("unsafe URI \"{}\" was detected", target),
                                      "reading response header from upstream");
    request.response.reset();
    return Verdict::error(404);
  }
  return Verdict::redirect(*path, split.query);
}

}  // namespace baton::proxy
