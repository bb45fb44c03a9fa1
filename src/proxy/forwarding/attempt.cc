// Conversation with one upstream server.

#include "proxy/forwarding/attempt.h"

#include <array>

#include "proxy/forwarding/relay.h"
#include "runtime/tcp_state.h"

namespace baton::proxy {

namespace {

constexpr std::string_view reading_head = "reading response header from upstream";

bool is_idempotent(http::Method method) {
  return method != http::Method::post && method != http::Method::patch &&
         method != http::Method::lock;
}

}  // namespace

// An idle connection of the pool, if there is one.
bool Attempt::take_pooled() {
  if (must_be_fresh_) return false;
  connection_ = exchange_.services.upstreams.pool().take(exchange_.upstream_group, pick_.peer(),
                                                         bind_address());
  if (!connection_) return false;
  record().connect = elapsed();
  return true;
}

// A new connection. Meanwhile the client's leaving is noticed.
runtime::Task<bool> Attempt::connect() {
  upstream::Connecting how;
  how.source = watch_.upstream();
  choose_options(how.options);
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
  record().connect = elapsed();
  co_return true;
}

runtime::Task<AttemptEnd> Attempt::run() {
  if (is_bound_for_request()) {
    must_be_fresh_ = true;
    may_be_kept_ = false;
  }
  if (!take_pooled()) {
    const bool connected = co_await connect();
    if (!connected) co_return end_;
  }
  bool stale = false;
  co_await converse(stale);
  if (stale) {
    // The server closed the pooled connection before it saw the request: once more, on a new one.
    watch_.stop();
    connection_.reset();
    must_be_fresh_ = true;
    request_sent_ = false;
    record().bytes_sent = 0;
    const bool reconnected = co_await connect();
    if (!reconnected) co_return end_;
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
