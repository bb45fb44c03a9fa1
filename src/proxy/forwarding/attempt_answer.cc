// The second half of an attempt: the accepted response on its way to the client.

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/text.h"
#include "config/model/proxy_rules.h"
#include "proxy/filters/page.h"
#include "proxy/forwarding/attempt.h"
#include "proxy/forwarding/cached_request.h"
#include "proxy/forwarding/read_ahead.h"
#include "proxy/forwarding/relay.h"
#include "proxy/forwarding/server_choice.h"
#include "proxy/forwarding/upstream_response.h"
#include "proxy/response/outgoing_body.h"
#include "proxy/response/responder.h"
#include "proxy/response/response_head.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

// The cache answers. The connection stays if nothing more comes on it.
void Attempt::supersede() {
  const http::ResponseHead& head = exchange_.upstream_head;
  end_ = AttemptEnd::superseded;
  count_success();
  watch_.stop();
  const bool bodyless = head.framing.kind == http::BodyKind::none && received_ == head.bytes;
  if (head.keep_alive && bodyless && uploaded_ && may_be_kept_) {
    exchange_.services.upstreams.pool().keep(std::move(connection_));
  }
}

// Writes the head; the body's size where it is known. False: it is answered otherwise after all.
bool Attempt::begin_answer(UpstreamBody& body, OutgoingBody& outgoing) {
  const http::ResponseHead& head = exchange_.upstream_head;
  exchange_.request.upstream_trailers.clear();
  if (head.framing.kind == http::BodyKind::chunked) {
    body.keep_trailers(exchange_.request.upstream_trailers);
    exchange_.request.passes_trailers = proxy_.rules && proxy_.rules->pass_trailers;
  }
  take_upstream_head(exchange_, plan_);
  CachedRequest* const cached = exchange_.cached;
  if (cached && !cached->begin_response(is_buffered())) {
    end_ = AttemptEnd::superseded;
    pick_.succeed(exchange_.now());
    return false;
  }
  if (cached && !cached->is_storing() && uploaded_) watch_client();
  const upstream::Group& group =
      exchange_.services.upstreams.group(exchange_.upstream_group, exchange_.upstream_hold);
  if (group.config().sticky) {
    bind_session(exchange_, group, pick_.peer(), SessionMoment::head);
  }
  const bool sized = head.framing.kind == http::BodyKind::length || body.done();
  const bool has_length = head.headers.has(http::HeaderId::content_length);
  auto length = sized && (has_length || !is_bodyless(exchange_.request))
                    ? std::optional(head.framing.content_length)
                    : std::nullopt;
  if (cached) length = cached->client_length(length);
  if (!cached && !cut_range(length)) return false;
  begin_outgoing(exchange_, outgoing, length);
  return true;
}

// Takes the framing off `raw`, the next bytes of the server, and shows the body to the cache. Gives
// what is for the client; nullopt: the framing is broken.
std::optional<std::string_view> Attempt::unwrap(UpstreamBody& body, std::span<char> raw) {
  const auto bytes = body.take(raw);
  if (!bytes) return std::nullopt;
  record().body_bytes += bytes->size();
  const std::string_view passed(bytes->data(), bytes->size());
  if (!exchange_.cached) return cut_.pass(passed);
  const std::string_view wanted = exchange_.cached->pass(passed);
  if (body.done()) exchange_.cached->complete();
  return wanted;
}

// Sends head and body to the client as they come. Where the client does not keep up, goes on as
// pass_on_ahead().
runtime::Task<void> Attempt::pass_on() {
  UpstreamBody body(exchange_.upstream_head.framing);
  OutgoingBody outgoing;
  if (!begin_answer(body, outgoing)) co_return;
  const bool buffered = is_buffered();
  const bool reads_ahead = buffered && !exchange_.sink;
  const std::uint64_t rate = buffered ? read_rate() : 0;
  const std::size_t head_bytes = exchange_.upstream_head.bytes;
  const std::span<char> buffer = exchange_.upstream_buffer.span().subspan(head_bytes);
  std::span<char> raw = buffer.first(received_ - head_bytes);
  bool client_left = false;
  while (true) {
    auto bytes = unwrap(body, raw);
    if (!bytes) co_return break_off(invalid_chunk());
    // Bytes that may be buffered need not be pressed out of the filters at once.
    const BodyPart part = body.done() ? BodyPart::last
                          : buffered  ? BodyPart::more
                                      : BodyPart::flush;
    if (!client_left) {
      Status sent;
      do {
        std::span<iovec> pieces = outgoing.frame_some(*bytes, part);
        *bytes = {};
        if (reads_ahead) {
          sent = send_now(exchange_, pieces);
          if (sent && !pieces.empty()) co_return co_await pass_on_ahead(body, outgoing, pieces);
        } else {
          sent = co_await send_to_client(exchange_, pieces, false);
        }
      } while (sent && outgoing.has_more());
      client_left = !sent || !outgoing.status();
      if (client_left && !is_storing()) {
        co_return break_off(sent ? outgoing.status().error() : sent.error());
      }
    }
    if (body.done() || is_unwanted()) break;
    std::span<char> space = buffer;
    if (rate > 0) space = buffer.first(std::min(buffer.size(), co_await slow_down(rate)));
    const auto got = co_await upstream().read(space, exchange_.now() + proxy_.read_timeout);
    if (!got || (*got == 0 && !body.end())) co_return break_off(cut_off(got));
    record().bytes_received += *got;
    raw = buffer.first(*got);
  }
  if (!body.done()) exchange_.upstream_head.keep_alive = false;
  finish_upstream(body.has_surplus());
  finish_answer(client_left);
}

// Nobody wants the body of an answer to HEAD that was asked for with GET, or of one that became a
// 304.
bool Attempt::is_unwanted() const {
  return exchange_.cached && is_bodyless(exchange_.request) && !is_storing();
}

Error Attempt::invalid_chunk() {
  return {ErrorKind::malformed, Side::upstream, Retry::no, 0,
          "upstream sent invalid chunked response"};
}

// The connection failed, or ended where more was promised.
Error Attempt::cut_off(const Result<std::size_t>& got) {
  if (!got) return got.error().on(Side::upstream);
  return {ErrorKind::closed, Side::upstream, Retry::no, 0,
          "upstream prematurely closed connection"};
}

// The client lags behind: what it has not taken is `unsent`. One side reads from the server at its
// own pace, the other sends.
runtime::Task<void> Attempt::pass_on_ahead(UpstreamBody& body, OutgoingBody& outgoing,
                                           std::span<iovec> unsent) {
  ReadAhead ahead(exchange_, proxy_.buffers_bytes);
  const bool unsent_is_last = body.done();
  co_await runtime::both(fill(body, ahead), drain(outgoing, ahead, unsent, unsent_is_last));
  // Whichever failed has said so.
  if (end_ != AttemptEnd::broken_off) finish_answer(ahead.given_up());
}

runtime::Task<void> Attempt::fill(UpstreamBody& body, ReadAhead& ahead) {
  const std::uint64_t rate = read_rate();
  Instant deadline = exchange_.now() + proxy_.read_timeout;
  while (!body.done() && !is_unwanted()) {
    const std::size_t allowance = rate > 0 ? co_await slow_down(rate) : SIZE_MAX;
    const Instant paused_since = exchange_.now();
    co_await ahead.room();
    if (ahead.given_up() && !is_storing()) break;
    deadline += exchange_.now() - paused_since;
    const auto ready = co_await upstream().readable(deadline);
    if (ahead.given_up() && !is_storing()) break;
    if (!ready) {
      break_off(cut_off(std::unexpected(ready.error())));
      break;
    }
    // From here to keep() nothing may pause: the other side could take the space away.
    std::span<char> space = ahead.space();
    space = space.first(std::min(space.size(), allowance));
    runtime::ReadSome read{space};
    const auto got = read.attempt(upstream().source());
    if (!got || !*got || **got == 0) {
      static_cast<void>(ahead.keep({}));
      if (!got) continue;  // it was not ready after all
      if (*got && body.end()) {
        static_cast<void>(unwrap(body, {}));
        continue;
      }
      break_off(cut_off(*got));
      break;
    }
    record().bytes_received += **got;
    deadline = exchange_.now() + proxy_.read_timeout;
    const auto bytes = unwrap(body, space.first(**got));
    const bool kept = ahead.keep(bytes.value_or(std::string_view()));
    if (!bytes || !kept) {
      break_off(bytes ? Error{ErrorKind::system, Side::us} : invalid_chunk());
      break;
    }
  }
  if (end_ != AttemptEnd::broken_off) {
    if (!body.done()) exchange_.upstream_head.keep_alive = false;
    finish_upstream(body.has_surplus());
  }
  ahead.finish();
}

// The server has given all that it had to: its connection is free.
void Attempt::finish_upstream(bool surplus) {
  const upstream::Group& group =
      exchange_.services.upstreams.group(exchange_.upstream_group, exchange_.upstream_hold);
  if (group.config().sticky) {
    bind_session(exchange_, group, pick_.peer(), SessionMoment::end);
  }
  count_success();
  record().response = elapsed();
  if (surplus) {
    log("upstream sent more data than specified in \"Content-Length\" header", "reading upstream",
        LogLevel::warning);
  }
  watch_.stop();
  if (!uploaded_) return;  // the rest of the request's body is still on its way
  if (exchange_.upstream_head.keep_alive && !surplus && may_be_kept_) {
    exchange_.services.upstreams.pool().keep(std::move(connection_));
  } else {
    connection_.reset();
  }
}

}  // namespace baton::proxy
