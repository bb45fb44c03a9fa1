// The second half of an attempt: the accepted response on its way to the client.

#include <fmt/format.h>

#include <array>
#include <system_error>

#include "proxy/attempt.h"
#include "proxy/outgoing_body.h"
#include "proxy/relay.h"
#include "proxy/responder.h"
#include "proxy/response_head.h"
#include "proxy/server_choice.h"
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
  const upstream::Group& group =
      exchange_.services.upstreams.group(exchange_.upstream_group, exchange_.upstream_hold);
  if (group.config().sticky) bind_session(exchange_, group, pick_.peer());
  UpstreamBody body(head.framing);
  const bool sized = head.framing.kind == http::BodyKind::length || body.done();
  const bool has_length = head.headers.has(http::HeaderId::content_length);
  OutgoingBody outgoing;
  outgoing.begin(exchange_, sized && (has_length || !is_bodyless(request))
                                ? std::optional(head.framing.content_length)
                                : std::nullopt);

  const std::span<char> buffer = exchange_.upstream_buffer.span().subspan(head.bytes);
  std::span<char> raw = buffer.first(received_ - head.bytes);
  while (true) {
    const auto bytes = body.take(raw);
    if (!bytes) {
      break_off({ErrorKind::malformed, Side::upstream, Retry::no, 0,
                 "upstream sent invalid chunked response"});
      co_return;
    }
    record().body_bytes += bytes->size();
    // Bytes that may be buffered need not be pressed out of the filters at once.
    const BodyPart part = body.done()        ? BodyPart::last
                          : proxy_.buffering ? BodyPart::more
                                             : BodyPart::flush;
    std::string_view piece(bytes->data(), bytes->size());
    Status sent;
    do {
      sent = co_await send_to_client(exchange_, outgoing.frame(piece, part), false);
      piece = {};
    } while (sent && outgoing.has_more());
    if (!sent || !outgoing.status()) {
      break_off(sent ? outgoing.status().error() : sent.error());
      co_return;
    }
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
  action_ = "reading upstream";
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
  pick_.succeed(exchange_.now());
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
