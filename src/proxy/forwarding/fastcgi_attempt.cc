// Conversation with one FastCGI server.

#include "proxy/forwarding/fastcgi_attempt.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.h"
#include "config/model/fastcgi.h"
#include "config/model/proxy_rules.h"
#include "http/framing.h"
#include "proxy/client/stored_body.h"
#include "proxy/filters/page.h"
#include "proxy/forwarding/accel_redirect.h"
#include "proxy/forwarding/fastcgi_request.h"
#include "proxy/forwarding/relay.h"
#include "proxy/forwarding/upstream_response.h"
#include "proxy/response/error_page.h"
#include "proxy/response/outgoing_body.h"
#include "proxy/response/responder.h"
#include "proxy/response/response_head.h"

namespace baton::proxy {

namespace {

constexpr std::string_view sending_request = "sending request to upstream";
constexpr std::string_view reading_head = "reading response header from upstream";
// In front of the lines of a CGI head, so that it is parsed and judged like any other.
constexpr std::string_view status_line = "HTTP/1.1 200 OK\r\n";

}  // namespace

Error FastcgiAttempt::broken() {
  return {ErrorKind::malformed, Side::upstream, Retry::no, 0, "FastCGI"};
}

Error FastcgiAttempt::closed_early() {
  return {ErrorKind::closed, Side::upstream, Retry::if_reused, 0,
          "upstream prematurely closed FastCGI stdout"};
}

// What the server wrote to STDERR, as far as it is here.
void FastcgiAttempt::tell_errors(std::string_view action) {
  std::string& errors = decoder_.errors();
  while (errors.ends_with('\n') || errors.ends_with('\r')) errors.pop_back();
  if (errors.empty()) return;
  log(fmt::format("FastCGI sent in stderr: \"{}\"", errors), action, LogLevel::error);
}

runtime::Task<bool> FastcgiAttempt::open() {
  upstream::ConnectionPool& pool = exchange_.services.upstreams.pool();
  if (plan_.location->fastcgi->keep_connection && !is_bound_for_request()) {
    connection_ = pool.take(exchange_.upstream_group, pick_.peer(), bind_address());
  }
  if (!connection_) {
    upstream::Connecting how;
    choose_options(how.options);
    auto connected = co_await exchange_.services.upstreams.connect(
        exchange_.upstream_group, exchange_.upstream_hold, pick_.peer(),
        exchange_.now() + proxy_.connect_timeout, how);
    if (!connected) {
      fail_with(connected.error(), "connecting to upstream");
      co_return false;
    }
    connection_ = std::move(*connected);
  }
  record().connect = elapsed();
  co_return true;
}

runtime::Task<AttemptEnd> FastcgiAttempt::run() {
  const bool opened = co_await open();
  if (!opened) co_return end_;
  request_sent_ = true;
  is_streamed_ = proxy_.pass_request_body && !exchange_.request.stored_body &&
                 !exchange_.body.finished() && !exchange_.body.is_whole_early();
  if (!is_streamed_) watch_client();
  co_await runtime::both(upload(), answer());
  if (is_streamed_) {
    exchange_.client->stream.source().clear_interrupt(runtime::Direction::read);
  }
  watch_.stop();
  if (!record().response) record().response = elapsed();
  co_return end_;
}

// While nobody reads from the client, its leaving ends the attempt.
void FastcgiAttempt::watch_client() {
  if (!exchange_.watches_client || proxy_.ignore_client_abort) return;
  watch_.start(exchange_.client->stream.source(), &upstream().source());
}

// The request and its body. A server may answer without reading everything: the answer decides what
// a failure means.
runtime::Task<void> FastcgiAttempt::upload() {
  const Request& request = exchange_.request;
  const StoredBody* stored = proxy_.pass_request_body ? request.stored_body.get() : nullptr;
  iovec head = piece_of(exchange_.upstream_request);
  Status sent = co_await send_all(upstream(), {&head, 1}, proxy_.send_timeout, true);
  record().bytes_sent += exchange_.upstream_request.size();
  upload_progress_ = exchange_.now();
  if (sent && is_streamed_) {
    sent = co_await send_streamed();
  } else if (sent && stored && stored->in_file()) {
    sent = co_await send_stored_file();
  } else if (sent && proxy_.pass_request_body && !request.body_given_up) {
    sent = co_await send_memory(stored ? std::string_view(stored->memory) : request.early_body);
  }
  if (sent && !uploaded_) sent = co_await send_stdin({}, true);
  if (!sent && !uploaded_) upload_failed(sent.error());
  if (sent && !record().header) pick_.await_answer(exchange_.now());
  if (sent && is_streamed_ && end_ == AttemptEnd::failed) watch_client();
  uploaded_ = true;
}

void FastcgiAttempt::upload_failed(const Error& error) {
  if (error.side == Side::client) {
    client_failed(error);
    upstream().source().cancel();
  } else if (error.kind == ErrorKind::timed_out) {
    fail_with(error, sending_request);
    upstream().source().cancel();
  }
}

void FastcgiAttempt::stop_upload() {
  if (uploaded_) return;
  uploaded_ = true;
  upstream().source().cancel();
  if (is_streamed_) exchange_.client->stream.source().interrupt(runtime::Direction::read);
}

runtime::Task<Status> FastcgiAttempt::send_memory(std::string_view bytes) {
  while (!bytes.empty() && !uploaded_) {
    const std::string_view part = bytes.substr(0, fastcgi::content_bytes_max);
    bytes.remove_prefix(part.size());
    const Status sent = co_await send_stdin(part, false);
    if (!sent) co_return sent;
  }
  co_return Status{};
}

// fastcgi_request_buffering off. The error's side is the client when it failed.
runtime::Task<Status> FastcgiAttempt::send_streamed() {
  RequestBody& body = exchange_.body;
  runtime::Stream& client = exchange_.client->stream;
  const Duration timeout = exchange_.request.location->client_body_timeout;
  runtime::BufferPool::Buffer buffer;
  std::span<char> kept;
  bool last = false;
  while (!uploaded_ && !last) {
    if (!body.has_early()) {
      const Status told = co_await send_continue(exchange_);
      if (!told) co_return std::unexpected(told.error().on(Side::client));
      if (!buffer) buffer = exchange_.services.large_buffers.take();
    }
    const bool is_early = body.has_early();
    auto piece = co_await body.read(client, buffer.span(), exchange_.now() + timeout);
    if (uploaded_) break;
    if (!piece) co_return std::unexpected(piece.error().on(Side::client));
    last = piece->last;
    if (is_early && exchange_.request.head.framing.kind == http::BodyKind::chunked) {
      piece->bytes = keep_early_bytes(exchange_.request, kept, piece->bytes);
    }
    const Status sent = co_await send_memory({piece->bytes.data(), piece->bytes.size()});
    if (!sent) co_return std::unexpected(sent.error().on(Side::upstream));
    upload_progress_ = exchange_.now();
  }
  co_return Status{};
}

// A record of STDIN, and with `last` the empty one that ends it.
runtime::Task<Status> FastcgiAttempt::send_stdin(std::string_view bytes, bool last) {
  const auto header = fastcgi::make_header(fastcgi::Type::stdin_bytes, bytes.size());
  std::array<iovec, 2> pieces = {piece_of({header.data(), header.size()}), piece_of(bytes)};
  const Status sent = co_await send_all(upstream(), pieces, proxy_.send_timeout, !last);
  record().bytes_sent += header.size() + bytes.size();
  co_return sent;
}

runtime::Task<Status> FastcgiAttempt::send_stored_file() {
  const StoredBody& stored = *exchange_.request.stored_body;
  const auto buffer = exchange_.services.large_buffers.take();
  const std::span<char> space =
      buffer.span().first(std::min(buffer.span().size(), fastcgi::content_bytes_max));
  std::uint64_t offset = 0;
  while (offset < stored.size && !uploaded_) {
    const ssize_t got =
        ::pread(stored.file.fd.get(), space.data(), space.size(), static_cast<off_t>(offset));
    if (got <= 0) co_return fail(ErrorKind::closed, "request body file was truncated");
    offset += static_cast<std::uint64_t>(got);
    const std::string_view bytes(space.data(), static_cast<std::size_t>(got));
    const Status sent = co_await send_stdin(bytes, false);
    if (!sent) co_return sent;
  }
  co_return Status{};
}

runtime::Task<void> FastcgiAttempt::answer() {
  const bool accepted = co_await read_head();
  if (accepted) co_await pass_on();
  stop_upload();
}

runtime::Task<bool> FastcgiAttempt::read_head() {
  exchange_.upstream_head.clear();
  exchange_.upstream_buffer = exchange_.services.large_buffers.take();
  std::ranges::copy(status_line, exchange_.upstream_buffer.span().begin());
  received_ = status_line.size();
  Step step = Step::more;
  Instant progress = exchange_.now();
  while (step == Step::more) {
    const std::span<char> space = exchange_.upstream_buffer.span().subspan(received_);
    // The server's time counts from the last piece of the body that went up.
    const Instant waiting_since = exchange_.now();
    const Instant deadline = std::max(progress, upload_progress_) + proxy_.read_timeout;
    const auto got = co_await upstream().read(space, deadline);
    const bool timed_out = !got && got.error().kind == ErrorKind::timed_out;
    if (timed_out && upload_progress_ > waiting_since) continue;
    progress = exchange_.now();
    step = take_bytes(got);
  }
  co_return step == Step::done;
}

// Bytes of the head, or the reason why there are none.
FastcgiAttempt::Step FastcgiAttempt::take_bytes(const Result<std::size_t>& got) {
  if (!got || *got == 0) {
    if (watch_.client_gone()) {
      client_went_away(reading_head);
    } else if (!got) {
      fail_with(got.error(), reading_head);
    } else {
      fail_with(closed_early(), reading_head, "upstream prematurely closed connection");
    }
    return Step::ended;
  }
  record().bytes_received += *got;
  const auto output = decoder_.decode(exchange_.upstream_buffer.span().subspan(received_, *got));
  const auto& failing = plan_.location->fastcgi->failing_errors;
  const bool caught = std::ranges::any_of(failing, [this](const std::string& text) {
    return decoder_.errors().find(text) != std::string::npos;
  });
  tell_errors(reading_head);
  if (!caught) decoder_.errors().clear();
  if (!output || caught) {
    fail_with(broken(), reading_head,
              output ? "upstream sent a message of \"fastcgi_catch_stderr\""
                     : std::string_view(decoder_.problem()));
    return Step::ended;
  }
  received_ += *output;
  return parse_head();
}

FastcgiAttempt::Step FastcgiAttempt::parse_head() {
  http::HeadLimits limits;
  limits.line_bytes = limits.total_bytes = proxy_.buffer_size_bytes + status_line.size();
  limits.underscores_in_headers = true;
  const auto progress =
      parser_.parse({exchange_.upstream_buffer.span().data(), received_}, exchange_.upstream_head,
                    exchange_.request.head.method, limits);
  if (progress == http::Progress::incomplete) {
    if (!decoder_.ended() && received_ < exchange_.upstream_buffer.span().size()) {
      return Step::more;
    }
    fail_with(closed_early(), reading_head,
              decoder_.ended() ? "upstream prematurely closed FastCGI stdout"
                               : "upstream sent too big header");
    return Step::ended;
  }
  if (progress == http::Progress::refused) {
    fail_with(broken(), reading_head, parser_.refusal().text());
    return Step::ended;
  }
  if (!finish_head()) {
    fail_with(broken(), reading_head, "upstream sent invalid status");
    return Step::ended;
  }
  return judge_head();
}

// The status, which a line of the head says, and the body's length.
bool FastcgiAttempt::finish_head() {
  http::ResponseHead& head = exchange_.upstream_head;
  head.reason = {};
  if (const http::Header* line = head.headers.find("Status")) {
    const std::string_view digits = line->value.substr(0, 3);
    const auto status = parse_unsigned(digits, 999);
    // A responder has one answer: nothing comes before it (RFC 3875 section 6.3.3).
    if (!status || digits.size() != 3 || *status < 200) return false;
    head.status = static_cast<std::uint16_t>(*status);
    if (line->value.size() > 4) head.reason = line->value.substr(4);
  } else if (head.headers.has(http::HeaderId::location)) {
    head.status = 302;
  }
  if (const http::Header* line = head.headers.find(http::HeaderId::content_length)) {
    length_ = http::parse_content_length(line->value);
  }
  return true;
}

FastcgiAttempt::Step FastcgiAttempt::judge_head() {
  const std::uint16_t status = exchange_.upstream_head.status;
  record().status = status;
  record().header = elapsed();
  if (pick_.answered(exchange_.now())) {
    log("upstream server answers again", reading_head, LogLevel::notice);
  }
  if (is_passed_over(status)) {
    end_ = AttemptEnd::passed_over;
    return Step::ended;
  }
  if (proxy_.intercept_errors && status >= 300 && has_error_page(exchange_, status)) {
    end_ = AttemptEnd::intercepted;
    pick_.succeed(exchange_.now());
    return Step::ended;
  }
  if (!accel_target(exchange_).empty() &&
      !(proxy_.rules && proxy_.rules->ignores(config::ignore_accel_redirect))) {
    end_ = AttemptEnd::redirected;
    pick_.succeed(exchange_.now());
    return Step::ended;
  }
  return Step::done;
}

}  // namespace baton::proxy
