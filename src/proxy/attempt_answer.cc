// The second half of an attempt: the accepted response on its way to the client.

#include <fmt/format.h>

#include <array>
#include <system_error>

#include "proxy/attempt.h"
#include "proxy/cached_request.h"
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

// The cache answers. The connection stays if nothing more comes on it.
void Attempt::supersede() {
  const http::ResponseHead& head = exchange_.upstream_head;
  end_ = AttemptEnd::superseded;
  pick_.count_response(head.status, record().header.value_or(0s), elapsed());
  pick_.count_bytes(record().bytes_sent, record().bytes_received);
  pick_.succeed(exchange_.now());
  watch_.stop();
  const bool bodyless = head.framing.kind == http::BodyKind::none && received_ == head.bytes;
  if (head.keep_alive && bodyless && uploaded_) {
    exchange_.services.upstreams.pool().keep(std::move(connection_));
  }
}

// Sends head and body to the client as they come.
runtime::Task<void> Attempt::pass_on() {
  Request& request = exchange_.request;
  const http::ResponseHead& head = exchange_.upstream_head;
  take_upstream_head(exchange_, plan_);
  CachedRequest* const cached = exchange_.cached;
  if (cached && !cached->begin_response()) {
    end_ = AttemptEnd::superseded;
    pick_.succeed(exchange_.now());
    co_return;
  }
  if (cached && !cached->is_storing() && uploaded_) watch_client();
  const upstream::Group& group =
      exchange_.services.upstreams.group(exchange_.upstream_group, exchange_.upstream_hold);
  if (group.config().sticky) {
    bind_session(exchange_, group, pick_.peer(), SessionMoment::head);
  }
  UpstreamBody body(head.framing);
  const bool sized = head.framing.kind == http::BodyKind::length || body.done();
  const bool has_length = head.headers.has(http::HeaderId::content_length);
  OutgoingBody outgoing;
  auto length = sized && (has_length || !is_bodyless(request))
                    ? std::optional(head.framing.content_length)
                    : std::nullopt;
  if (cached) length = cached->client_length(length);
  outgoing.begin(exchange_, length);
  bool client_left = false;

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
    std::string_view passed(bytes->data(), bytes->size());
    if (cached) {
      passed = cached->pass(passed);
      if (body.done()) cached->complete();
    }
    // Bytes that may be buffered need not be pressed out of the filters at once.
    const BodyPart part = body.done()        ? BodyPart::last
                          : proxy_.buffering ? BodyPart::more
                                             : BodyPart::flush;
    if (!client_left) {
      Status sent;
      do {
        sent = co_await send_to_client(exchange_, outgoing.frame(passed, part), false);
        passed = {};
      } while (sent && outgoing.has_more());
      client_left = !sent || !outgoing.status();
      // What is being stored is fetched to its end all the same.
      if (client_left && !(cached && cached->is_storing())) {
        break_off(sent ? outgoing.status().error() : sent.error());
        co_return;
      }
    }
    if (body.done()) break;
    // Nobody wants the body of an answer to HEAD, or of one that became a 304.
    if (cached && is_bodyless(request) && !cached->is_storing()) break;
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
  if (cached && !body.done()) exchange_.upstream_head.keep_alive = false;
  finish_answer(body.has_surplus());
  if (client_left) request.completed = request.keep_alive = false;
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
  const upstream::Group& group =
      exchange_.services.upstreams.group(exchange_.upstream_group, exchange_.upstream_hold);
  if (group.config().sticky) {
    bind_session(exchange_, group, pick_.peer(), SessionMoment::end);
  }
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
