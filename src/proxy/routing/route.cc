// nginx's phases from server rewrite to post rewrite.

#include "proxy/routing/route.h"

#include <fmt/format.h>

#include "proxy/client/real_ip.h"
#include "proxy/logs/error_log.h"
#include "proxy/routing/rewrite_engine.h"

namespace baton::proxy {

namespace {

void log_error(const Request& request, std::string_view message) {
  if (request.error_log) request.error_log->write(LogLevel::error, request, message);
}

Verdict refuse_cycle(const Request& request, std::string_view doing, std::string_view what) {
  log_error(request,
            fmt::format("rewrite or internal redirection cycle while {} \"{}\"", doing, what));
  return Verdict::error(500);
}

// Whether the location takes a body as long as the request says; not asked again on the way to an
// error page, which is a GET.
Verdict admit_body(Request& request) {
  const std::uint64_t most = request.location->client_max_body_bytes;
  const http::Framing& framing = request.head.framing;
  if (most == 0 || framing.kind != http::BodyKind::length || framing.content_length <= most) {
    return Verdict::proceed();
  }
  if (request.redirects > 0 && request.head.method == http::Method::get) return Verdict::proceed();
  request.body_given_up = true;
  log_error(request, fmt::format("client intended to send too large body: {} bytes",
                                 framing.content_length));
  return Verdict::error(413);
}

Verdict choose(Request& request, const Router& router) {
  const Verdict found = router.choose_location(request);
  const bool chosen = found.kind == Verdict::Kind::proceed || found.status == 301;
  if (!chosen) return found;
  const Verdict admitted = admit_body(request);
  return admitted.kind == Verdict::Kind::proceed ? found : admitted;
}

// The program of a location, over and over while it leads to another location.
Verdict settle(Request& request, const Router& router) {
  while (request.location->rewrite) {
    const RewriteEnd end = run_rewrite_program(request, router.plan(request));
    if (end.verdict.kind != Verdict::Kind::proceed || !end.search_again) return end.verdict;
    if (++request.redirects > uri_changes_max) {
      return refuse_cycle(request, "processing", request.uri);
    }
    const Verdict found = choose(request, router);
    if (found.kind != Verdict::Kind::proceed) return found;
    // The server itself has had its turn.
    if (request.location == &request.server->locations[0]) break;
  }
  return Verdict::proceed();
}

Verdict settle_from_server(Request& request, const Router& router) {
  request.location = &request.server->locations[0];
  if (request.location->rewrite) {
    const RewriteEnd end = run_rewrite_program(request, router.plan(request));
    if (end.verdict.kind != Verdict::Kind::proceed) return end.verdict;
  }
  const Verdict found = choose(request, router);
  if (found.kind != Verdict::Kind::proceed) return found;
  if (request.location == &request.server->locations[0]) return Verdict::proceed();
  return settle(request, router);
}

}  // namespace

Verdict route(Request& request, const Router& router, std::uint32_t listener) {
  const Verdict verdict = router.choose_server(request, listener);
  apply_real_ip(request);
  if (verdict.kind != Verdict::Kind::proceed) {
    if (request.error_log) {
      request.error_log->write(LogLevel::info, request,
                               "client sent invalid request while reading client request line");
    }
    return verdict;
  }
  const Verdict settled = settle_from_server(request, router);
  // A location may have trusted proxies of its own.
  if (settled.kind == Verdict::Kind::proceed) apply_real_ip(request);
  return settled;
}

Verdict follow_redirect(Request& request, const Router& router, const Verdict& to) {
  const bool named = to.uri.starts_with('@');
  if (++request.redirects > uri_changes_max) {
    return refuse_cycle(request, named ? "redirect to named location" : "internally redirecting to",
                        to.uri);
  }
  request.internal = true;
  request.uri_behind_alias = false;
  if (!named) {
    request.uri_changed = true;
    request.location_fits_uri = true;
    request.uri = to.uri;
    request.args = to.args;
    return settle_from_server(request, router);
  }
  if (request.uri.empty()) {
    log_error(request, fmt::format("empty URI in redirect to named location \"{}\"", to.uri));
    return Verdict::error(500);
  }
  if (!router.choose_named(request, to.uri)) {
    log_error(request, fmt::format("could not find named location \"{}\"", to.uri));
    return Verdict::error(500);
  }
  return settle(request, router);
}

}  // namespace baton::proxy
