// nginx's phases from server rewrite to post rewrite.

#include "proxy/route.h"

#include <fmt/format.h>

#include "proxy/rewrite_engine.h"

namespace baton::proxy {

namespace {

// Changes of the URI (rewrites that start a new search, internal redirects), so many at most.
constexpr std::uint8_t changes_max = 10;

Verdict refuse_cycle(Exchange& exchange, std::string_view doing, std::string_view what) {
  exchange.services.error_log.write(
      LogLevel::error, exchange.request,
      fmt::format("rewrite or internal redirection cycle while {} \"{}\"", doing, what));
  return Verdict::error(500);
}

// The program of a location, over and over while it leads to another location.
Verdict settle(Exchange& exchange) {
  Request& request = exchange.request;
  while (request.location->rewrite) {
    const RewriteEnd end = run_rewrite_program(exchange);
    if (end.verdict.kind != Verdict::Kind::proceed || !end.search_again) return end.verdict;
    if (++request.redirects > changes_max) {
      return refuse_cycle(exchange, "processing", request.uri);
    }
    const Verdict found = exchange.services.router.choose_location(request);
    if (found.kind != Verdict::Kind::proceed) return found;
    // The server itself has had its turn.
    if (request.location == &request.server->locations[0]) break;
  }
  return Verdict::proceed();
}

Verdict settle_from_server(Exchange& exchange) {
  Request& request = exchange.request;
  request.location = &request.server->locations[0];
  if (request.location->rewrite) {
    const RewriteEnd end = run_rewrite_program(exchange);
    if (end.verdict.kind != Verdict::Kind::proceed) return end.verdict;
  }
  const Verdict found = exchange.services.router.choose_location(request);
  if (found.kind != Verdict::Kind::proceed) return found;
  if (request.location == &request.server->locations[0]) return Verdict::proceed();
  return settle(exchange);
}

}  // namespace

Verdict route(Exchange& exchange) {
  Request& request = exchange.request;
  const Verdict verdict =
      exchange.services.router.choose_server(request, exchange.client->listener);
  if (verdict.kind != Verdict::Kind::proceed) return verdict;
  return settle_from_server(exchange);
}

Verdict follow_redirect(Exchange& exchange, const Verdict& to) {
  Request& request = exchange.request;
  const bool named = to.uri.starts_with('@');
  if (++request.redirects > changes_max) {
    return refuse_cycle(exchange,
                        named ? "redirect to named location" : "internally redirecting to", to.uri);
  }
  request.internal = true;
  if (!named) {
    request.uri_changed = true;
    request.location_fits_uri = true;
    request.uri = to.uri;
    request.args = to.args;
    return settle_from_server(exchange);
  }
  if (request.uri.empty()) {
    exchange.services.error_log.write(
        LogLevel::error, request,
        fmt::format("empty URI in redirect to named location \"{}\"", to.uri));
    return Verdict::error(500);
  }
  if (!exchange.services.router.choose_named(request, to.uri)) {
    exchange.services.error_log.write(LogLevel::error, request,
                                      fmt::format("could not find named location \"{}\"", to.uri));
    return Verdict::error(500);
  }
  return settle(exchange);
}

}  // namespace baton::proxy
