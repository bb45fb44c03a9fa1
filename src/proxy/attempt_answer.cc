// The second half of an attempt: the accepted response on its way to the client.

#include <fmt/format.h>

#include <array>
#include <system_error>

#include "proxy/attempt.h"
#include "proxy/relay.h"
#include "proxy/responder.h"
#include "proxy/response_head.h"
#include "proxy/upstream_response.h"

namespace baton::proxy {

std::string failure_message(const Error& error) {
  if (error.kind == ErrorKind::timed_out) return "upstream timed out (110: Connection timed out)";
  if (error.errno_value == 0) return error.detail;
  const std::string_view detail = error.detail;
  const std::string_view call = detail.starts_with("connect") ? "connect()"
                                : detail.starts_with("send")  ? "send()"
                                : detail.starts_with("recv")  ? "recv()"
                                                              : detail;
  return fmt::format("{} failed ({}: {})", call, error.errno_value,
                     std::generic_category().message(error.errno_value));
}

// Sends head and body to the client as they come.
runtime::Task<void> Attempt::pass_on() {
  Request& request = exchange_.request;
  const http::ResponseHead& head = exchange_.upstream_head;
  take_upstream_head(exchange_, plan_);
  UpstreamBody body(head.framing);
  choose_framing(exchange_, body.done()
                                ? http::Framing{http::BodyKind::length, head.framing.content_length}
                                : head.framing);
  if (body.done() && !head.headers.has(http::HeaderId::content_length) && is_bodyless(request)) {
    request.response.content_length.reset();
  }
  write_response_head(exchange_);
  request.header_sent = true;

  const std::span<char> buffer = exchange_.upstream_buffer.span().subspan(head.bytes);
  std::span<char> raw = buffer.first(received_ - head.bytes);
  char size_line[http::chunk_line_max];
  std::array<iovec, 4> pieces = {piece_of(exchange_.head_text)};
  while (true) {
    const auto bytes = body.take(raw);
    if (!bytes) {
      break_off({ErrorKind::malformed, Side::upstream, Retry::no, 0,
                 "upstream sent invalid chunked response"});
      co_return;
    }
    record().body_bytes += bytes->size();
    const std::span<iovec, 3> body_pieces = std::span(pieces).subspan<1, 3>();
    if (exchange_.chunked) {
      frame_chunk(body_pieces, *bytes, body.done(), size_line);
    } else {
      body_pieces[0] = {bytes->data(), bytes->size()};
      body_pieces[1] = body_pieces[2] = iovec{nullptr, 0};
    }
    const Status sent = co_await send_to_client(exchange_, pieces, false);
    if (!sent) {
      break_off(sent.error());
      co_return;
    }
    pieces[0] = iovec{nullptr, 0};
    if (body.done()) break;
    const auto got = co_await upstream().read(buffer, exchange_.now() + proxy_.read_timeout);
    if (!got || (*got == 0 && !body.end())) {
      Error error{ErrorKind::closed, Side::upstream, Retry::no, 0,
                  "upstream prematurely closed connection"};
      if (!got) error = got.error().on(Side::upstream);
      break_off(error);
      co_return;
    }
    record().bytes_received += *got;
    raw = buffer.first(*got);
  }
  finish_answer(body.has_surplus());
}

// The response has begun and cannot be completed.
void Attempt::break_off(const Error& error) {
  end_ = AttemptEnd::broken_off;
  error_ = error;
  exchange_.request.keep_alive = false;
  if (error.side == Side::client) {
    if (error.kind == ErrorKind::timed_out) {
      exchange_.services.error_log.write(LogLevel::info, exchange_.request,
                                         "client timed out (110: Connection timed out)",
                                         "sending to client");
    }
    return;
  }
  if (watch_.client_gone()) {
    error_.side = Side::client;
    log_failure("client prematurely closed connection, so upstream connection is closed too",
                "reading upstream", LogLevel::info);
    return;
  }
  log_failure(failure_message(error), "reading upstream", LogLevel::error);
}

void Attempt::finish_answer(bool surplus) {
  end_ = AttemptEnd::answered;
  exchange_.request.completed = true;
  pick_.count_response(exchange_.upstream_head.status, record().header.value_or(0s), elapsed());
  pick_.count_bytes(record().bytes_sent, record().bytes_received);
  pick_.succeed();
  if (surplus) {
    log_failure("upstream sent more data than specified in \"Content-Length\" header",
                "reading upstream", LogLevel::warning);
  }
  watch_.stop();
  if (exchange_.upstream_head.keep_alive && !surplus && uploaded_) {
    exchange_.services.upstreams.pool().keep(std::move(connection_));
  }
}

}  // namespace baton::proxy
