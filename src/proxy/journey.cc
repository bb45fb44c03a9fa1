// accept (worker.cc) -> read request head -> route -> access and limits -> pick an upstream and
// forward, or answer here -> send response -> log.
//
// find_answer() holds the phases of one request in nginx's order; an internal redirect or an
// error_page starts them again for another location. A subrequest (subrequest.h) goes through the
// same phases.

#include "proxy/journey.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "config/model/cache.h"
#include "config/model/connection.h"
#include "proxy/access/access.h"
#include "proxy/access/limit.h"
#include "proxy/client/leaving_addresses.h"
#include "proxy/client/request_head.h"
#include "proxy/client/stored_body.h"
#include "proxy/files/empty_gif.h"
#include "proxy/files/static_files.h"
#include "proxy/filters/page.h"
#include "proxy/forwarding/forward.h"
#include "proxy/forwarding/forward_cached.h"
#include "proxy/forwarding/mirror.h"
#include "proxy/response/error_page.h"
#include "proxy/response/responder.h"
#include "proxy/response/stub_status.h"
#include "proxy/routing/route.h"
#include "proxy/routing/try_files.h"

namespace baton::proxy {

namespace {

// The head could not be had: what that means for the client.
Verdict answer_bad_head(Exchange& exchange, HeadOutcome outcome) {
  Request& request = exchange.request;
  request.keep_alive = false;
  request.body_given_up = true;
  const bool has_line = exchange.parser.has_line();
  const std::string_view reading =
      has_line ? "reading client request headers" : "reading client request line";
  if (!has_line && request.head.line.empty()) {
    const std::string_view text(exchange.buffer.span().data(), exchange.received);
    request.head.line = text.substr(0, text.find_first_of("\r\n"));
  }
  switch (outcome) {
    case HeadOutcome::refused: {
      // Some reasons say themselves where it was.
      const bool says_where = exchange.refusal.why.find(" while ") != std::string_view::npos;
      exchange.services.error_log.write(LogLevel::info, request, exchange.refusal.text(),
                                        says_where ? std::string_view() : reading);
      return Verdict::error(exchange.refusal.status);
    }
    case HeadOutcome::timed_out:
      exchange.services.error_log.write(LogLevel::info, request,
                                        "client timed out (110: Connection timed out)", reading);
      request.response.status = 408;
      if (request.location->reset_timed_out) exchange.client->stream.reset_on_close();
      exchange.silent = true;
      break;
    default:
      exchange.services.error_log.write(LogLevel::info, request,
                                        "client prematurely closed connection", reading);
      request.response.status = 400;
      exchange.silent = true;
      break;
  }
  return Verdict::respond();
}

// Hands the request to what the location says: try_files, proxy_pass, files.
runtime::Task<Verdict> handle(Exchange& exchange) {
  Request& request = exchange.request;
  const config::Location& location = *request.location;
  if (!location.try_files.empty()) {
    const Verdict tried = try_files(request);
    if (tried.kind != Verdict::Kind::proceed) co_return tried;
  }
  if (location.mirror) {
    const Verdict mirrored = co_await start_mirrors(exchange);
    if (mirrored.kind != Verdict::Kind::proceed) co_return mirrored;
  }
  if (location.stub_status) co_return answer_stub_status(exchange);
  if (location.proxy) {
    // proxy_cache is for proxy_pass only, wherever it was said.
    const bool is_cached = location.cache && location.cache->is_on() && !location.fastcgi_pass;
    if (is_cached) co_return co_await forward_cached(exchange);
    co_return co_await forward(exchange);
  }
  if (location.empty_gif) co_return answer_empty_gif(request);
  co_return serve_file(request, exchange.services.error_log);
}

void begin_body(Exchange& exchange) {
  Request& request = exchange.request;
  exchange.body.begin(request.head.framing, exchange.buffered().subspan(request.head.bytes),
                      request.location->client_max_body_bytes);
}

void count_request(Exchange& exchange) {
  const Request& request = exchange.request;
  ThreadCounters& counters = exchange.services.counters;
  RequestCounters& listener = counters.listeners[exchange.client->listener];
  const auto server = static_cast<std::size_t>(request.server - request.proxy->servers.data());
  const std::size_t by_class = std::clamp(request.response.status / 100, 1, 5) - 1;
  for (RequestCounters* each : {&listener, &counters.servers[server]}) {
    count(each->requests, std::uint64_t{1});
    count(each->by_class[by_class], std::uint64_t{1});
    count(each->bytes_sent, request.bytes_sent);
    count(each->bytes_received, request.request_length);
  }
}

// Moves what the client has sent behind this request to the front of the buffer.
void keep_next_request(Exchange& exchange) {
  const std::size_t used = exchange.request.head.bytes + exchange.body.early_used();
  const std::span<char> left = exchange.buffered().subspan(used);
  std::string& surplus = exchange.body.surplus();
  if (!surplus.empty()) {
    if (surplus.size() > exchange.buffer.span().size()) {
      exchange.buffer = exchange.services.large_buffers.take();
    }
    std::ranges::copy(surplus, exchange.buffer.span().begin());
    exchange.received = surplus.size();
    surplus.clear();
    return;
  }
  if (used > 0 && !left.empty())
    std::memmove(exchange.buffer.span().data(), left.data(), left.size());
  exchange.received = left.size();
}

// lingering_close: by default where the client may still be sending. The rest of a body that is
// announced is taken whatever the configuration says, as in nginx: else the client would not get to
// read its answer.
bool lingers(const Request& request, bool head_is_whole, bool body_is_whole) {
  using Lingering = config::ConnectionSettings::Lingering;
  const auto& settings = request.location->connection;
  const Lingering how = settings ? settings->lingering : Lingering::on;
  if (how == Lingering::always || (head_is_whole && !body_is_whole)) return true;
  return how == Lingering::on && !head_is_whole;
}

// An answer made here does not read the body, but what came of a chunked one with the head has to
// be sound, and no more than is allowed. The error that it is, or 0.
std::uint16_t check_unread_body(Exchange& exchange) {
  RequestBody& body = exchange.body;
  Request& request = exchange.request;
  const bool is_unread = request.head.framing.kind == http::BodyKind::chunked && !exchange.parent &&
                         body.received() == 0 && body.has_early() && !request.upstream_head;
  if (!is_unread || request.response.status >= 400) return 0;
  while (!body.finished() && body.has_early()) {
    const auto piece = body.take_early();
    if (!piece) return answer_body_error(exchange, piece.error()).status;
  }
  return 0;
}

// Reads and forgets the rest of a body that nobody wanted, so that the next request can follow.
runtime::Task<bool> discard_body(Exchange& exchange) {
  RequestBody& body = exchange.body;
  const config::Location& location = *exchange.request.location;
  const Instant end = exchange.now() + location.lingering_time;
  auto buffer = exchange.services.small_buffers.take();
  while (!body.is_drained()) {
    const Instant deadline = std::min(end, exchange.now() + location.lingering_timeout);
    const auto piece = co_await body.read(exchange.client->stream, buffer.span(), deadline);
    if (!piece || exchange.now() >= end) co_return false;
  }
  co_return true;
}

// A client that ends its connection without another request; nginx's words.
void tell_closed(const Exchange& exchange) {
  ErrorLog& log = exchange.services.error_log;
  if (!log.enabled(LogLevel::info)) return;
  const ClientInfo& client = exchange.info;
  const config::Listener& listener = exchange.services.config.listeners[exchange.client->listener];
  std::string line;
  if (client.requests > 1) {
    line = fmt::format("client {} closed keepalive connection", client.client_text);
  } else {
    line = fmt::format("client closed connection while waiting for request, client: {}, server: {}",
                       client.client_text, listener.address.text());
  }
  log.write_main(LogLevel::info, client.number, line);
}

}  // namespace

runtime::Task<void> find_answer(Exchange& exchange, Verdict verdict) {
  Request& request = exchange.request;
  while (true) {
    if (verdict.kind == Verdict::Kind::respond) {
      const bool is_answered = request.header_sent || exchange.silent;
      const std::uint16_t refused = is_answered ? 0 : check_unread_body(exchange);
      if (refused == 0) break;
      verdict = Verdict::error(refused);
    }
    if (verdict.kind == Verdict::Kind::proceed && request.location->limits) {
      verdict = co_await limit(exchange);
    }
    if (verdict.kind == Verdict::Kind::proceed && request.location->access) {
      verdict = co_await check_access(exchange);
    }
    if (verdict.kind == Verdict::Kind::proceed) verdict = co_await handle(exchange);
    if (verdict.kind == Verdict::Kind::redirect) {
      verdict = follow_redirect(request, exchange.services.router, verdict);
    } else if (verdict.kind == Verdict::Kind::error) {
      verdict = answer_error(exchange, verdict.status);
    }
  }
  if (!request.header_sent && !exchange.silent) co_await respond(exchange);
  if (exchange.page) co_await finish_page(exchange);
}

void log_request(Exchange& exchange) {
  Request& request = exchange.request;
  request.ended = exchange.now();
  request.ended_at = exchange.loop().wall_now();
  const std::size_t head_size = request.header_sent ? exchange.head_text.size() : 0;
  request.body_bytes_sent =
      request.bytes_sent - std::min<std::uint64_t>(request.bytes_sent, head_size);
  request.request_length = request.head.bytes + exchange.body.received();
  count_request(exchange);
  exchange.services.access_log.write(request);
}

runtime::Task<After> serve_request(Exchange& exchange) {
  Request& request = exchange.request;
  request.pipelined = exchange.received > 0;
  const HeadOutcome outcome = co_await read_request_head(exchange);
  if (outcome == HeadOutcome::gone && exchange.received == 0) {
    tell_closed(exchange);
    co_return After::close;
  }
  count(exchange.services.counters.requests, std::uint64_t{1});
  Verdict verdict = outcome == HeadOutcome::complete
                        ? route(request, exchange.services.router, exchange.client->listener)
                        : answer_bad_head(exchange, outcome);
  if (outcome == HeadOutcome::complete) begin_body(exchange);
  if (exchange.services.leaving->covers(exchange.client->stream.fd())) request.keep_alive = false;
  co_await find_answer(exchange, verdict);
  if (exchange.background.running() > 0) co_await exchange.background.joined();
  log_request(exchange);
  exchange.held_connections.release();
  if (!request.keep_alive) {
    const bool waits = request.header_sent && lingers(request, outcome == HeadOutcome::complete,
                                                      exchange.body.is_drained());
    co_return waits ? After::linger : After::close;
  }
  if (!exchange.body.is_drained()) {
    const bool discarded = co_await discard_body(exchange);
    if (!discarded) co_return After::close;
  }
  keep_next_request(exchange);
  co_return After::next;
}

}  // namespace baton::proxy
