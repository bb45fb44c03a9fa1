// The loop over upstream servers.

#include "proxy/forwarding/forward.h"

#include "proxy/client/stored_body.h"
#include "proxy/forwarding/accel_redirect.h"
#include "proxy/forwarding/attempt.h"
#include "proxy/forwarding/cached_request.h"
#include "proxy/forwarding/fastcgi_attempt.h"
#include "proxy/forwarding/fastcgi_request.h"
#include "proxy/forwarding/passed_upstream.h"
#include "proxy/forwarding/queue_wait.h"
#include "proxy/forwarding/server_choice.h"
#include "proxy/forwarding/upstream_request.h"

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
    // Nor can what was streamed to a server be sent again.
    return exchange_.body.received() == 0 || exchange_.body.given_up() ||
           exchange_.request.stored_body;
  }
  [[nodiscard]] bool may_follow(const auto& attempt) const {
    const std::uint32_t condition = condition_of(attempt.error());
    return any_left() && (proxy_.next_upstream & condition) != 0 &&
           request_allows(attempt.request_sent());
  }
  // The statuses that make the present attempt count as failed, when they come in time.
  [[nodiscard]] PassOver pass_over() const {
    if (!any_left() || !request_allows(true)) return {};
    const bool always = proxy_.next_upstream_timeout == 0s;
    return {proxy_.next_upstream, always ? never : started_ + proxy_.next_upstream_timeout};
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

void warn_of_server(Exchange& exchange, std::string_view server, std::string_view message,
                    std::string_view action) {
  ErrorLog& log = exchange.services.error_log;
  if (!log.enabled(LogLevel::warning, exchange.request)) return;
  log.write(LogLevel::warning, exchange.request, message, action, upstream_url(exchange, server));
}

void report_failure(Exchange& exchange, upstream::Pick& pick, const auto& attempt,
                    std::string_view server) {
  if (!pick.fail(exchange.now())) return;
  warn_of_server(exchange, server, "upstream server temporarily disabled", attempt.action());
}

// The server answered, with a status that is to be tried elsewhere. Two of them say something about
// what was asked for and nothing about the server.
void report_passed_over(Exchange& exchange, upstream::Pick& pick, const auto& attempt,
                        std::string_view server) {
  const std::uint16_t status = exchange.upstream_head.status;
  if (status == 403 || status == 404) {
    pick.succeed(exchange.now());
  } else {
    report_failure(exchange, pick, attempt, server);
  }
}

// A server that the stall guard has taken out just now.
void report_stalled(Exchange& exchange, upstream::Search& search) {
  if (search.found_stalled == upstream::no_peer) return;
  const upstream::Peer& peer =
      exchange.services.upstreams.group(exchange.upstream_group, exchange.upstream_hold)
          .peers()[search.found_stalled];
  search.found_stalled = upstream::no_peer;
  warn_of_server(exchange, peer.name,
                 "upstream server stalled and gets no requests until it answers",
                 "connecting to upstream");
}

// The next server for the search once there is one: waits in the group's line (`queue`). Errors:
// unavailable, or the client's when it went away.
runtime::Task<Result<upstream::Pick>> queue_for_server(Exchange& exchange,
                                                       upstream::Search& search) {
  // Connections of another process end unseen, and so does a server's time out of service.
  constexpr Duration look_after = 1s;
  upstream::ThreadUpstreams& upstreams = exchange.services.upstreams;
  const upstream::Group& group = upstreams.group(exchange.upstream_group, exchange.upstream_hold);
  const Instant deadline = exchange.now() + group.config().queue_timeout;
  bool again = false;
  while (true) {
    QueueWait wait(exchange, *group.line(), std::min(deadline, exchange.now() + look_after), again);
    const QueueWait::End end = co_await wait;
    if (end == QueueWait::End::client_gone) {
      co_return std::unexpected(
          Error{ErrorKind::closed, Side::client, Retry::no, 0, "client went away"});
    }
    if (end == QueueWait::End::full) {
      warn_of_server(exchange, group.config().name, "upstream queue is full",
                     "connecting to upstream");
    } else {
      auto pick =
          upstreams.pick(exchange.upstream_group, exchange.upstream_hold, search, exchange.now());
      if (pick || exchange.now() >= deadline) co_return std::move(pick);
      again = true;
      continue;
    }
    co_return std::unexpected(
        Error{ErrorKind::unavailable, Side::upstream, Retry::no, 0, "upstream queue is full"});
  }
}

// The client failed while its request was with a server: its body broke, or it went away.
Verdict client_verdict(Exchange& exchange, const Error& error) {
  Request& request = exchange.request;
  const bool body_is_here = exchange.body.finished() || exchange.body.is_whole_early();
  const bool went_away = error.kind != ErrorKind::malformed && error.kind != ErrorKind::too_large;
  if (!body_is_here || !went_away) return answer_body_error(exchange, error);
  request.keep_alive = false;
  request.response.status = 499;
  exchange.silent = true;
  return Verdict::respond();
}

// With proxy_request_buffering the whole body is here before a server is asked, and also where it
// could not be streamed: an HTTP/1.0 server must be told the length.
bool wants_whole_body(const Exchange& exchange, const config::ProxyPass& proxy) {
  const bool chunked = exchange.request.head.framing.kind == http::BodyKind::chunked;
  return proxy.request_buffering || (chunked && !proxy.http_1_1);
}

// The body as far as it has to be here before a server is asked.
runtime::Task<Verdict> prepare_body(Exchange& exchange, const config::ProxyPass& proxy) {
  if (wants_whole_body(exchange, proxy) && must_store_body(exchange)) {
    co_return co_await store_body(exchange);
  }
  if (exchange.body.is_whole_early()) {
    const std::span<char> bytes = exchange.body.whole_early();
    exchange.request.early_body = {bytes.data(), bytes.size()};
  } else if (!exchange.request.stored_body && proxy.pass_request_body) {
    exchange.body.stream();
  }
  co_return Verdict::proceed();
}

// The next server for the search, if there is one now and nobody waits for it already.
Result<upstream::Pick> pick_server(Exchange& exchange, const upstream::Group& group,
                                   upstream::Search& search) {
  if (group.line() && !group.line()->empty() && search.tried.empty()) {
    return std::unexpected(
        Error{ErrorKind::unavailable, Side::upstream, Retry::no, 0, "others wait"});
  }
  auto pick = exchange.services.upstreams.pick(exchange.upstream_group, exchange.upstream_hold,
                                               search, exchange.now());
  report_stalled(exchange, search);
  return pick;
}

// What the end of an attempt means for its server, and for the request: nothing when another
// server is to be tried.
std::optional<Verdict> conclude(Exchange& exchange, const auto& attempt, AttemptEnd end,
                                upstream::Pick& pick, std::string_view server,
                                const Retries& retries) {
  switch (end) {
    case AttemptEnd::answered:
      if (exchange.body.is_whole_early()) exchange.body.skip_whole_early();
      return Verdict::respond();
    case AttemptEnd::broken_off:
      if (attempt.error().side == Side::upstream) report_failure(exchange, pick, attempt, server);
      return Verdict::respond();
    case AttemptEnd::superseded:
      return Verdict::proceed();
    case AttemptEnd::redirected:
      if (exchange.body.is_whole_early()) exchange.body.skip_whole_early();
      return follow_accel(exchange, exchange.services.router.plan(exchange.request));
    case AttemptEnd::intercepted:
      return Verdict::error(exchange.upstream_head.status);
    case AttemptEnd::out_of_range:
      return Verdict::error(416);
    case AttemptEnd::client_failed:
      return client_verdict(exchange, attempt.error());
    case AttemptEnd::passed_over:
      report_passed_over(exchange, pick, attempt, server);
      return std::nullopt;
    case AttemptEnd::failed:
      report_failure(exchange, pick, attempt, server);
      if (retries.may_follow(attempt)) return std::nullopt;
      if (exchange.cached) exchange.cached->note_failure(condition_of(attempt.error()));
      return Verdict::error(attempt.error().kind == ErrorKind::timed_out ? 504 : 502);
  }
  return std::nullopt;
}

// Asks one server after the other, as far as the failures allow it. OneAttempt: how one is asked.
template <typename OneAttempt>
runtime::Task<Verdict> ask_servers(Exchange& exchange, const LocationPlan& plan) {
  const config::ProxyPass& proxy = *plan.location->proxy;
  upstream::ThreadUpstreams& upstreams = exchange.services.upstreams;
  exchange.first_attempt = exchange.request.attempts.size();
  upstream::Search search;
  const upstream::Group& group = upstreams.group(exchange.upstream_group, exchange.upstream_hold);
  prepare_search(exchange, group, search);
  Retries retries(exchange, proxy);
  while (true) {
    auto pick = pick_server(exchange, group, search);
    if (!pick && group.line() && search.tried.empty()) {
      pick = co_await queue_for_server(exchange, search);
      if (!pick && pick.error().side == Side::client) {
        co_return client_verdict(exchange, pick.error());
      }
    }
    if (!pick) {
      if (exchange.cached) exchange.cached->note_failure(config::next_on_error);
      co_return no_live_upstreams(exchange);
    }
    retries.begin_attempt();
    const std::uint32_t peer = pick->peer().index;
    OneAttempt attempt(exchange, plan, *pick, retries.pass_over());
    const std::string_view server = exchange.request.attempts.back().server;
    const AttemptEnd end = co_await attempt.run();
    const auto verdict = conclude(exchange, attempt, end, *pick, server, retries);
    if (verdict) co_return *verdict;
    search.tried.add(peer);
    exchange.upstream_buffer.reset();
  }
}

}  // namespace

runtime::Task<Verdict> forward(Exchange& exchange) {
  const LocationPlan& plan = exchange.services.router.plan(exchange.request);
  const config::ProxyPass& proxy = *plan.location->proxy;
  upstream::ThreadUpstreams& upstreams = exchange.services.upstreams;
  exchange.request.passed = nullptr;
  if (exchange.body.finished()) {
    // A client that waits to be told does so without a body as well.
    const Status told = co_await send_continue(exchange);
    if (!told) co_return answer_body_error(exchange, told.error());
  } else {
    const Verdict ready = co_await prepare_body(exchange, proxy);
    if (ready.kind != Verdict::Kind::proceed) co_return ready;
  }
  if (proxy.url) {
    const Verdict found = co_await find_passed_upstream(exchange, proxy);
    if (found.kind != Verdict::Kind::proceed) co_return found;
  } else {
    exchange.upstream_group = proxy.upstream;
    exchange.upstream_hold = upstreams.hold(proxy.upstream);
  }
  // What has been streamed to a server cannot be sent to another one (an error_page that proxies).
  if (proxy.pass_request_body && exchange.body.received() > 0 && !exchange.body.given_up() &&
      !exchange.request.stored_body) {
    co_return Verdict::error(502);
  }
  if (plan.location->fastcgi_pass) {
    write_fastcgi_request(exchange);
    co_return co_await ask_servers<FastcgiAttempt>(exchange, plan);
  }
  write_upstream_request(exchange, plan);
  co_return co_await ask_servers<Attempt>(exchange, plan);
}

}  // namespace baton::proxy
