// The loop over upstream servers.

#include "proxy/forward.h"

#include "proxy/attempt.h"
#include "proxy/cached_request.h"
#include "proxy/passed_upstream.h"
#include "proxy/upstream_request.h"

namespace baton::proxy {

namespace {

// The proxy_next_upstream condition that a failure is.
std::uint32_t condition_of(const Error& error) {
  return error.kind == ErrorKind::timed_out   ? config::next_on_timeout
         : error.kind == ErrorKind::malformed ? config::next_on_invalid_header
                                              : config::next_on_error;
}

// How far a request may go on looking for a server.
class Retries {
 public:
  Retries(const Exchange& exchange, const config::ProxyPass& proxy)
      : exchange_(exchange), proxy_(proxy), started_(exchange.now()) {
    const std::uint32_t servers =
        exchange.services.upstreams.group(exchange.upstream_group, exchange.upstream_hold)
            .tries_max();
    tries_left_ =
        proxy.next_upstream_tries == 0 ? servers : std::min(servers, proxy.next_upstream_tries);
  }
  // Counts an attempt that is about to start.
  void begin_attempt() { tries_left_ -= tries_left_ > 0 ? 1 : 0; }

  // Whether another attempt could follow the present one at all.
  [[nodiscard]] bool any_left() const {
    const bool in_time = proxy_.next_upstream_timeout == 0s ||
                         exchange_.now() - started_ < proxy_.next_upstream_timeout;
    return tries_left_ > 0 && in_time;
  }
  // Whether what has been sent of the request can be sent again, and its method allows that.
  [[nodiscard]] bool request_allows(bool request_sent) const {
    const http::Method method = exchange_.request.head.method;
    const bool idempotent = method != http::Method::post && method != http::Method::patch &&
                            method != http::Method::lock;
    if (request_sent && !idempotent && !(proxy_.next_upstream & config::next_non_idempotent)) {
      return false;
    }
    return exchange_.body.received() == 0;
  }
  [[nodiscard]] bool may_follow(const Attempt& attempt) const {
    const std::uint32_t condition = condition_of(attempt.error());
    return any_left() && (proxy_.next_upstream & condition) != 0 &&
           request_allows(attempt.request_sent());
  }
  // The statuses that make the present attempt count as failed.
  [[nodiscard]] std::uint32_t statuses() const {
    return any_left() && request_allows(true) ? proxy_.next_upstream : 0;
  }

 private:
  const Exchange& exchange_;
  const config::ProxyPass& proxy_;
  Instant started_;
  std::uint32_t tries_left_ = 0;
};

// Nobody is eligible.
Verdict no_live_upstreams(Exchange& exchange) {
  Request& request = exchange.request;
  const std::string_view group = request.arena.store(
      exchange.services.upstreams.group(exchange.upstream_group, exchange.upstream_hold)
          .config()
          .name);
  UpstreamAttempt record;
  record.server = group;
  record.status = 502;
  record.response = 0s;
  record.after_redirect =
      !request.attempts.empty() && request.attempts.size() == exchange.first_attempt;
  request.attempts.push_back(record);
  ErrorLog& log = exchange.services.error_log;
  if (log.enabled(LogLevel::error, request)) {
    log.write(LogLevel::error, request, "no live upstreams", "connecting to upstream",
              upstream_url(exchange, group));
  }
  return Verdict::error(502);
}

void report_failure(Exchange& exchange, upstream::Pick& pick, std::string_view server) {
  if (!pick.fail(exchange.now())) return;
  ErrorLog& log = exchange.services.error_log;
  if (log.enabled(LogLevel::warning, exchange.request)) {
    log.write(LogLevel::warning, exchange.request, "upstream server temporarily disabled",
              "connecting to upstream", upstream_url(exchange, server));
  }
}

Verdict client_verdict(Exchange& exchange, const Error& error) {
  Request& request = exchange.request;
  request.keep_alive = false;
  switch (error.kind) {
    case ErrorKind::malformed:
      return Verdict::error(400);
    case ErrorKind::too_large:
      exchange.services.error_log.write(LogLevel::error, request, error.detail,
                                        "sending request to upstream");
      return Verdict::error(413);
    case ErrorKind::timed_out:
      request.response.status = 408;
      if (request.location->reset_timed_out) exchange.client->stream.reset_on_close();
      exchange.silent = true;
      return Verdict::respond();
    default:
      // In the middle of its body: a broken request. While it waited: it went away.
      request.response.status =
          exchange.body.finished() || exchange.body.is_whole_early() ? 499 : 400;
      exchange.silent = true;
      return Verdict::respond();
  }
}

}  // namespace

runtime::Task<Verdict> forward(Exchange& exchange) {
  const LocationPlan& plan = exchange.services.router.plan(exchange.request);
  const config::ProxyPass& proxy = *plan.location->proxy;
  upstream::ThreadUpstreams& upstreams = exchange.services.upstreams;
  exchange.request.passed = nullptr;
  if (proxy.url) {
    const Verdict found = co_await find_passed_upstream(exchange, proxy);
    if (found.kind != Verdict::Kind::proceed) co_return found;
  } else {
    exchange.upstream_group = proxy.upstream;
    exchange.upstream_hold = upstreams.hold(proxy.upstream);
  }
  const bool writable = write_upstream_request(exchange, plan);
  if (!writable) co_return Verdict::error(411);
  // What has been streamed to a server cannot be sent to another one (an error_page that proxies).
  if (proxy.pass_request_body && exchange.body.received() > 0) co_return Verdict::error(502);
  exchange.first_attempt = exchange.request.attempts.size();
  upstream::Tried tried;
  Retries retries(exchange, proxy);
  while (true) {
    auto pick =
        upstreams.pick(exchange.upstream_group, exchange.upstream_hold, tried, exchange.now());
    if (!pick) {
      if (exchange.cached) exchange.cached->note_failure(config::next_on_error);
      co_return no_live_upstreams(exchange);
    }
    retries.begin_attempt();
    const std::uint32_t peer = pick->peer().index;
    Attempt attempt(exchange, plan, *pick, retries.statuses());
    const std::string_view server = exchange.request.attempts.back().server;
    const AttemptEnd end = co_await attempt.run();
    switch (end) {
      case AttemptEnd::answered:
        if (exchange.body.is_whole_early()) exchange.body.skip_whole_early();
        co_return Verdict::respond();
      case AttemptEnd::broken_off:
        if (attempt.error().side == Side::upstream) report_failure(exchange, *pick, server);
        co_return Verdict::respond();
      case AttemptEnd::superseded:
        co_return Verdict::proceed();
      case AttemptEnd::intercepted:
        co_return Verdict::error(exchange.upstream_head.status);
      case AttemptEnd::client_failed:
        co_return client_verdict(exchange, attempt.error());
      case AttemptEnd::passed_over:
        report_failure(exchange, *pick, server);
        break;
      case AttemptEnd::failed:
        report_failure(exchange, *pick, server);
        if (!retries.may_follow(attempt)) {
          if (exchange.cached) exchange.cached->note_failure(condition_of(attempt.error()));
          const bool late = attempt.error().kind == ErrorKind::timed_out;
          co_return Verdict::error(late ? 504 : 502);
        }
        break;
    }
    tried.add(peer);
    exchange.upstream_buffer.reset();
  }
}

}  // namespace baton::proxy
