// Conversation with one upstream server.

#include "proxy/forwarding/attempt.h"

#include <fmt/format.h>

#include <array>

#include "config/model/proxy_rules.h"
#include "proxy/forwarding/relay.h"
#include "proxy/forwarding/upstream_request.h"
#include "proxy/variables/variables.h"
#include "runtime/tcp_state.h"

namespace baton::proxy {

namespace {

constexpr std::string_view reading_head = "reading response header from upstream";

bool is_idempotent(http::Method method) {
  return method != http::Method::post && method != http::Method::patch &&
         method != http::Method::lock;
}

}  // namespace

void Attempt::log_failure(std::string_view message, std::string_view action, LogLevel level) {
  ErrorLog& log = exchange_.services.error_log;
  if (!log.enabled(level, exchange_.request)) return;
  log.write(level, exchange_.request, message, action, upstream_url(exchange_, pick_.peer().name));
}

void Attempt::fail_with(const Error& error, std::string_view action) {
  error_ = error.on(Side::upstream);
  action_ = action;
  end_ = AttemptEnd::failed;
  record().status = error.kind == ErrorKind::timed_out ? 504 : 502;
  log_failure(failure_message(error), action, LogLevel::error);
}

void Attempt::client_failed(const Error& error) {
  if (end_ == AttemptEnd::client_failed) return;
  end_ = AttemptEnd::client_failed;
  error_ = error.on(Side::client);
}

runtime::Task<bool> Attempt::open() {
  upstream::ConnectionPool& pool = exchange_.services.upstreams.pool();
  if (!must_be_fresh_) connection_ = pool.take(exchange_.upstream_group, pick_.peer());
  if (!connection_) {
    const bool connected = co_await connect();
    if (!connected) co_return false;
  }
  record().connect = elapsed();
  co_return true;
}

// A new connection. Meanwhile the client's leaving is noticed.
runtime::Task<bool> Attempt::connect() {
  upstream::Connecting how;
  how.source = watch_.upstream();
  if (proxy_.rules) choose_options(how.options);
  if (exchange_.watches_client && !proxy_.ignore_client_abort) {
    watch_.start(exchange_.client->stream.source(), nullptr);
  }
  Result<std::unique_ptr<upstream::Connection>> connected = fail(ErrorKind::cancelled);
  if (!watch_.client_gone()) {
    connected = co_await exchange_.services.upstreams.connect(
        exchange_.upstream_group, exchange_.upstream_hold, pick_.peer(),
        exchange_.now() + proxy_.connect_timeout, how);
  }
  watch_.stop();
  if (watch_.client_gone()) {
    client_went_away("connecting to upstream");
    co_return false;
  }
  if (!connected) {
    fail_with(connected.error(), "connecting to upstream");
    co_return false;
  }
  connection_ = std::move(*connected);
  co_return true;
}

// proxy_bind and the proxy_socket_* family.
void Attempt::choose_options(runtime::ConnectOptions& options) {
  const config::ProxyRules& rules = *proxy_.rules;
  options.keepalive_probes = rules.socket_keepalive;
  options.send_buffer_bytes = rules.send_buffer_bytes;
  options.receive_buffer_bytes = rules.receive_buffer_bytes;
  if (!rules.bind) return;
  std::string text;
  append_text(text, *rules.bind, exchange_.request);
  if (const auto address = net::IpAddress::parse(text)) {
    options.from = net::Endpoint{*address, 0};
  } else if (const auto endpoint = net::Endpoint::parse(text)) {
    options.from = *endpoint;
  } else if (!text.empty()) {
    exchange_.services.error_log.write(LogLevel::error, exchange_.request,
                                       fmt::format("invalid local address \"{}\"", text));
  }
  options.transparent = rules.bind_transparent;
}

void Attempt::client_went_away(std::string_view action) {
  client_failed({ErrorKind::closed, Side::client, Retry::no, 0, "client went away"});
  log_failure("client prematurely closed connection, so upstream connection is closed too", action,
              LogLevel::info);
}

runtime::Task<AttemptEnd> Attempt::run() {
  if (proxy_.rules && proxy_.rules->bind && !proxy_.rules->bind->is_literal()) {
    // Bound for this request: no other one may have it.
    must_be_fresh_ = true;
    may_be_kept_ = false;
  }
  const bool opened = co_await open();
  if (!opened) co_return end_;
  bool stale = false;
  co_await converse(stale);
  if (stale) {
    // The server closed the pooled connection before it saw the request: once more, on a new one.
    watch_.stop();
    connection_.reset();
    must_be_fresh_ = true;
    request_sent_ = false;
    record().bytes_sent = 0;
    const bool reopened = co_await open();
    if (!reopened) co_return end_;
    co_await converse(stale);
  }
  watch_.stop();
  if (!record().response) record().response = elapsed();
  co_return end_;
}

// Sends the request and waits for the answer. `stale` is set when a pooled connection failed in a
// way that allows, and asks for, another try with a fresh one.
runtime::Task<void> Attempt::converse(bool& stale) {
  stale = false;
  body_up_ = choose_body();
  uploaded_ = body_up_ != BodyUp::stored && body_up_ != BodyUp::streamed;
  if (uploaded_) pick_.await_answer(exchange_.now());
  std::array<iovec, 2> pieces = {piece_of(exchange_.upstream_request), iovec{nullptr, 0}};
  if (body_up_ == BodyUp::with_head) pieces[1] = piece_of(body_with_head());
  const std::size_t size = pieces[0].iov_len + pieces[1].iov_len;
  const bool may_repeat = connection_->reused() && !must_be_fresh_;
  request_sent_ = true;
  const auto sent = co_await upstream().write_all(pieces, exchange_.now() + proxy_.send_timeout);
  if (!sent && !(may_repeat && sent.error().kind == ErrorKind::reset)) {
    fail_with(sent.error(), "sending request to upstream");
    co_return;
  }
  if (sent) {
    record().bytes_sent = size;
    if (uploaded_) {
      watch_client();
      co_await answer();
    } else {
      co_await runtime::both(upload(), answer());
      exchange_.client->stream.source().clear_interrupt(runtime::Direction::read);
    }
    if (end_ != AttemptEnd::failed || received_ > 0 || !may_repeat ||
        (error_.kind != ErrorKind::closed && error_.kind != ErrorKind::reset)) {
      co_return;
    }
  }
  stale = is_stale(size);
  if (!stale) fail_with(sent ? error_ : sent.error(), reading_head);
}

// A pooled connection failed before it gave a byte: whether the same may be asked on a new one.
bool Attempt::is_stale(std::size_t size) {
  const bool body_untouched = body_up_ != BodyUp::streamed || exchange_.body.received() == 0;
  return body_untouched && (is_idempotent(exchange_.request.head.method) ||
                            !runtime::may_have_arrived(upstream().fd(), size));
}

}  // namespace baton::proxy
