// Conversation with one upstream server.

#include "proxy/attempt.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <system_error>

#include "proxy/cached_request.h"
#include "proxy/error_page.h"
#include "proxy/relay.h"
#include "proxy/responder.h"
#include "proxy/response_head.h"
#include "proxy/upstream_request.h"
#include "proxy/upstream_response.h"
#include "runtime/tcp_state.h"

namespace baton::proxy {

namespace {

constexpr std::string_view reading_head = "reading response header from upstream";
constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr int interim_heads_max = 16;

bool is_idempotent(http::Method method) {
  return method != http::Method::post && method != http::Method::patch &&
         method != http::Method::lock;
}

}  // namespace

Attempt::Attempt(Exchange& exchange, const LocationPlan& plan, upstream::Pick& pick,
                 std::uint32_t may_pass_over)
    : exchange_(exchange),
      plan_(plan),
      proxy_(*plan.location->proxy),
      pick_(pick),
      may_pass_over_(may_pass_over),
      record_(exchange.request.attempts.size()),
      begun_(exchange.now()) {
  UpstreamAttempt record;
  record.server = pick.peer().name;
  // Where servers come and go, the name has to outlive them until the log line.
  if (exchange.upstream_hold) record.server = exchange.request.arena.store(record.server);
  record.after_redirect = record_ > 0 && record_ == exchange.first_attempt;
  exchange.request.attempts.push_back(record);
}

void Attempt::log_failure(std::string_view message, std::string_view action, LogLevel level) {
  ErrorLog& log = exchange_.services.error_log;
  if (!log.enabled(level, exchange_.request)) return;
  log.write(level, exchange_.request, message, action, upstream_url(exchange_, pick_.peer().name));
}

void Attempt::fail_with(const Error& error, std::string_view action) {
  error_ = error.on(Side::upstream);
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
    auto connected = co_await exchange_.services.upstreams.connect(
        exchange_.upstream_group, exchange_.upstream_hold, pick_.peer(),
        exchange_.now() + proxy_.connect_timeout);
    if (!connected) {
      fail_with(connected.error(), "connecting to upstream");
      co_return false;
    }
    connection_ = std::move(*connected);
  }
  record().connect = elapsed();
  co_return true;
}

runtime::Task<AttemptEnd> Attempt::run() {
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
  record().response = elapsed();
  co_return end_;
}

// Sends the request and waits for the answer. `stale` is set when a pooled connection failed in a
// way that allows, and asks for, another try with a fresh one.
runtime::Task<void> Attempt::converse(bool& stale) {
  RequestBody& body = exchange_.body;
  const bool has_body = proxy_.pass_request_body && !body.finished();
  const bool whole = has_body && body.is_whole_early();
  streams_body_ = has_body && !whole;
  uploaded_ = !streams_body_;
  const bool reused = connection_->reused();
  stale = false;

  std::array<iovec, 2> pieces = {piece_of(exchange_.upstream_request), iovec{nullptr, 0}};
  if (whole) {
    const std::span<char> bytes = body.whole_early();
    pieces[1] = {bytes.data(), bytes.size()};
  }
  const std::size_t size = pieces[0].iov_len + pieces[1].iov_len;
  const auto sent = co_await upstream().write_all(pieces, exchange_.now() + proxy_.send_timeout);
  const bool may_repeat = reused && !must_be_fresh_;
  if (!sent && !(may_repeat && sent.error().kind == ErrorKind::reset)) {
    fail_with(sent.error(), "sending request to upstream");
    co_return;
  }
  if (sent) {
    request_sent_ = true;
    record().bytes_sent = size;
    if (streams_body_) {
      co_await runtime::both(upload(), answer());
      exchange_.client->stream.source().clear_interrupt(runtime::Direction::read);
    } else {
      watch_client();
      co_await answer();
    }
    if (end_ != AttemptEnd::failed || received_ > 0 || !may_repeat ||
        (error_.kind != ErrorKind::closed && error_.kind != ErrorKind::reset)) {
      co_return;
    }
  }
  const bool body_untouched = body.received() == 0;
  stale = body_untouched && (is_idempotent(exchange_.request.head.method) ||
                             !runtime::may_have_arrived(upstream().fd(), size));
  if (!stale) fail_with(sent ? error_ : sent.error(), reading_head);
}

// Sends the client's body to the upstream server as it comes.
runtime::Task<void> Attempt::upload() {
  RequestBody& body = exchange_.body;
  runtime::Stream& client = exchange_.client->stream;
  const Duration timeout = exchange_.request.location->client_body_timeout;
  const bool chunked = exchange_.request.head.framing.kind == http::BodyKind::chunked;
  runtime::BufferPool::Buffer buffer;
  char size_line[http::chunk_line_max];
  upload_progress_ = exchange_.now();
  while (!uploaded_) {
    if (!body.has_early() && !exchange_.continue_sent) {
      exchange_.continue_sent = true;
      if (exchange_.request.head.expects_continue) {
        iovec go_on = piece_of(continue_response);
        const auto told = co_await client.write_all({&go_on, 1}, exchange_.now() + timeout);
        if (!told) client_failed(told.error());
        exchange_.request.bytes_sent += continue_response.size();
      }
    }
    if (!body.has_early() && !buffer) buffer = exchange_.services.large_buffers.take();
    const auto piece = co_await body.read(client, buffer.span(), exchange_.now() + timeout);
    if (uploaded_) co_return;  // the answer is complete: nobody wants the rest
    if (!piece) {
      client_failed(piece.error());
      upstream().source().cancel();
      co_return;
    }
    std::array<iovec, 3> pieces = {iovec{piece->bytes.data(), piece->bytes.size()},
                                   iovec{nullptr, 0}, iovec{nullptr, 0}};
    if (chunked) frame_chunk(pieces, piece->bytes, piece->last, size_line);
    std::size_t size = 0;
    for (const iovec& one : pieces) size += one.iov_len;
    const Status sent = co_await send_all(upstream(), pieces, proxy_.send_timeout);
    if (uploaded_) co_return;
    // A server may answer and close without reading everything: the answer decides.
    if (!sent) co_return;
    record().bytes_sent += size;
    upload_progress_ = exchange_.now();
    uploaded_ = piece->last;
  }
  if (end_ == AttemptEnd::failed) watch_client();
}

// While nobody reads from the client, its leaving ends the attempt.
void Attempt::watch_client() {
  if (!exchange_.watches_client) return;
  watch_.start(exchange_.client->stream.source(), upstream().source());
}

void Attempt::stop_upload() {
  if (uploaded_) return;
  uploaded_ = true;
  upstream().source().cancel();
  exchange_.client->stream.source().interrupt(runtime::Direction::read);
}

runtime::Task<void> Attempt::answer() {
  const bool accepted = co_await read_head();
  if (accepted) co_await pass_on();
  if (!uploaded_) stop_upload();
}

// The server's time counts from the last piece of the body that went up.
Instant Attempt::read_deadline() const {
  return std::max(head_progress_, upload_progress_) + proxy_.read_timeout;
}

// Reads until a final response head is there. False: end_ is set.
runtime::Task<bool> Attempt::read_head() {
  received_ = 0;
  parser_.restart();
  exchange_.upstream_head.clear();
  head_progress_ = exchange_.now();
  HeadStep step = HeadStep::more;
  while (step == HeadStep::more) {
    // Waits without a buffer; takes one when there is something to put into it.
    const Instant waiting_since = exchange_.now();
    const auto ready = co_await upstream().readable(read_deadline());
    const bool timed_out = !ready && ready.error().kind == ErrorKind::timed_out;
    if (timed_out && upload_progress_ > waiting_since) continue;
    if (!exchange_.upstream_buffer) {
      exchange_.upstream_buffer = exchange_.services.large_buffers.take();
    }
    const std::span<char> space = exchange_.upstream_buffer.span().subspan(received_);
    Result<std::size_t> got = 0;
    if (ready) {
      got = co_await upstream().read(space, read_deadline());
    } else {
      got = std::unexpected(ready.error());
    }
    step = got && *got > 0 ? parse_head(*got) : head_failed(got);
  }
  co_return step == HeadStep::accepted;
}

// The connection ended, failed or timed out before the head was complete.
Attempt::HeadStep Attempt::head_failed(const Result<std::size_t>& got) {
  if (end_ == AttemptEnd::client_failed) return HeadStep::ended;
  if (watch_.client_gone()) {
    client_failed({ErrorKind::closed, Side::client, Retry::no, 0, "client went away"});
    log_failure("client prematurely closed connection, so upstream connection is closed too",
                reading_head, LogLevel::info);
    return HeadStep::ended;
  }
  Error error{ErrorKind::closed, Side::upstream, Retry::if_reused, 0,
              "upstream prematurely closed connection"};
  if (!got) error = got.error();
  error_ = error;
  end_ = AttemptEnd::failed;
  // converse() decides what a pooled connection's silent end means.
  const bool may_be_stale = received_ == 0 && connection_->reused() && !must_be_fresh_ &&
                            error.kind != ErrorKind::timed_out;
  if (!may_be_stale) fail_with(error, reading_head);
  return HeadStep::ended;
}

// Looks at `count` more bytes of the head; skips interim responses (1xx).
Attempt::HeadStep Attempt::parse_head(std::size_t count) {
  received_ += count;
  head_progress_ = exchange_.now();
  record().bytes_received += count;
  http::ResponseHead& head = exchange_.upstream_head;
  char* const begin = exchange_.upstream_buffer.span().data();
  http::HeadLimits limits;
  limits.line_bytes = limits.total_bytes = proxy_.buffer_size_bytes;
  limits.underscores_in_headers = true;
  while (true) {
    const auto progress =
        parser_.parse({begin, received_}, head, exchange_.upstream_method, limits);
    if (progress == http::Progress::incomplete) return HeadStep::more;
    if (progress == http::Progress::refused || head.status == 101 ||
        (head.status < 200 && ++interim_heads_ > interim_heads_max)) {
      const char* const why = progress == http::Progress::refused
                                  ? parser_.refusal().why.data()
                                  : "upstream sent unexpected interim response";
      fail_with({ErrorKind::malformed, Side::upstream, Retry::no, 0, why}, reading_head);
      return HeadStep::ended;
    }
    if (head.status >= 200) break;
    received_ -= head.bytes;
    std::memmove(begin, begin + head.bytes, received_);
    head.clear();
    parser_.restart();
    if (received_ == 0) return HeadStep::more;
  }
  return judge_head();
}

// The final head is there: is it for the client?
Attempt::HeadStep Attempt::judge_head() {
  const std::uint16_t status = exchange_.upstream_head.status;
  record().status = status;
  record().header = elapsed();
  if (next_upstream_condition(status) & may_pass_over_) {
    end_ = AttemptEnd::passed_over;
    return HeadStep::ended;
  }
  if (exchange_.cached && exchange_.cached->supersedes(exchange_.upstream_head)) {
    supersede();
    return HeadStep::ended;
  }
  if (proxy_.intercept_errors && status >= 300 && has_error_page(exchange_, status)) {
    end_ = AttemptEnd::intercepted;
    pick_.succeed();
    return HeadStep::ended;
  }
  return HeadStep::accepted;
}

}  // namespace baton::proxy
