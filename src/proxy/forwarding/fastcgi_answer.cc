// The second half of a FastCGI attempt: the accepted response on its way to the client.

#include "config/model/fastcgi.h"
#include "proxy/filters/page.h"
#include "proxy/forwarding/fastcgi_attempt.h"
#include "proxy/forwarding/read_ahead.h"
#include "proxy/forwarding/upstream_response.h"
#include "proxy/response/outgoing_body.h"
#include "proxy/response/responder.h"
#include "proxy/response/response_head.h"

namespace baton::proxy {

namespace {

constexpr std::string_view reading_body = "reading upstream";
constexpr std::string_view closed = "upstream prematurely closed connection";

}  // namespace

bool FastcgiAttempt::is_cut_short() const {
  return decoder_.ended() && length_ && left_ > 0 && !is_bodyless(exchange_.request);
}

// The body of an answer to HEAD is not waited for; the connection that it would come on is given
// up.
bool FastcgiAttempt::is_complete() const {
  const bool head_only = exchange_.request.head.method == http::Method::head;
  return head_only || left_ == 0 || (decoder_.ended() && !is_cut_short());
}

// Takes the records apart that stand in `raw`: what is of the body, at the beginning of `raw`.
// nullopt: they are none, which has been told.
std::optional<std::string_view> FastcgiAttempt::unwrap(std::span<char> raw) {
  record().bytes_received += raw.size();
  const auto output = decoder_.decode(raw);
  tell_errors(reading_body);
  decoder_.errors().clear();
  if (output) return count_body({raw.data(), *output});
  break_off(broken(), decoder_.problem());
  return std::nullopt;
}

// What is for the client of the body's next bytes: not what goes beyond the length that was told.
std::string_view FastcgiAttempt::count_body(std::string_view bytes) {
  if (bytes.size() > left_) {
    log("upstream sent more data than specified in \"Content-Length\" header", reading_body,
        LogLevel::warning);
    bytes = bytes.substr(0, static_cast<std::size_t>(left_));
  }
  if (length_) left_ -= bytes.size();
  record().body_bytes += bytes.size();
  return cut_.pass(bytes);
}

// Sends head and body to the client as they come. Where the client does not keep up, goes on as
// pass_on_ahead().
runtime::Task<void> FastcgiAttempt::pass_on() {
  const std::size_t head_bytes = exchange_.upstream_head.bytes;
  take_upstream_head(exchange_, plan_);
  auto client_length = length_;
  if (!cut_range(client_length)) co_return;
  OutgoingBody outgoing;
  begin_outgoing(exchange_, outgoing, client_length);
  const bool buffered = is_buffered();
  const bool reads_ahead = buffered && !exchange_.sink;
  const std::uint64_t rate = buffered ? read_rate() : 0;
  left_ = length_.value_or(UINT64_MAX);
  const std::span<char> buffer = exchange_.upstream_buffer.span().subspan(head_bytes);
  std::string_view bytes = count_body({buffer.data(), received_ - head_bytes});
  while (true) {
    const bool last = is_complete();
    // Bytes that may be buffered need not be pressed out of the filters at once.
    const BodyPart part = last ? BodyPart::last : buffered ? BodyPart::more : BodyPart::flush;
    std::span<iovec> pieces = outgoing.frame(bytes, part);
    Status sent;
    if (reads_ahead) {
      sent = send_now(exchange_, pieces);
      if (sent && !pieces.empty()) co_return co_await pass_on_ahead(outgoing, pieces);
    } else {
      sent = co_await send_to_client(exchange_, pieces, false);
    }
    if (!sent || !outgoing.status()) {
      co_return break_off(sent ? outgoing.status().error() : sent.error());
    }
    if (is_cut_short()) co_return break_off(closed_early(), closed_early().detail);
    if (last) break;
    std::span<char> space = buffer;
    if (rate > 0) space = buffer.first(std::min(buffer.size(), co_await slow_down(rate)));
    const auto got = co_await upstream().read(space, exchange_.now() + proxy_.read_timeout);
    if (!got) co_return break_off(got.error().on(Side::upstream));
    if (*got == 0) co_return break_off(closed_early(), closed);
    const auto more = unwrap(buffer.first(*got));
    if (!more) co_return;
    bytes = *more;
  }
  finish_upstream();
  finish_answer(false);
}

// The client lags behind: what it has not taken is `unsent`. One side reads from the server at its
// own pace, the other sends.
runtime::Task<void> FastcgiAttempt::pass_on_ahead(OutgoingBody& outgoing, std::span<iovec> unsent) {
  ReadAhead ahead(exchange_, proxy_.buffers_bytes);
  const bool unsent_is_last = is_complete();
  co_await runtime::both(fill(ahead), drain(outgoing, ahead, unsent, unsent_is_last));
  // Whichever failed has said so.
  if (end_ != AttemptEnd::broken_off) finish_answer(ahead.given_up());
}

runtime::Task<void> FastcgiAttempt::fill(ReadAhead& ahead) {
  const std::uint64_t rate = read_rate();
  Instant deadline = exchange_.now() + proxy_.read_timeout;
  while (!is_complete() && !is_cut_short() && end_ != AttemptEnd::broken_off) {
    const std::size_t allowance = rate > 0 ? co_await slow_down(rate) : SIZE_MAX;
    const Instant paused_since = exchange_.now();
    co_await ahead.room();
    if (ahead.given_up()) break;
    deadline += exchange_.now() - paused_since;
    const auto ready = co_await upstream().readable(deadline);
    if (ahead.given_up()) break;
    if (!ready) {
      break_off(ready.error().on(Side::upstream));
      break;
    }
    if (fill_once(ahead, allowance)) deadline = exchange_.now() + proxy_.read_timeout;
  }
  if (end_ != AttemptEnd::broken_off) {
    if (is_cut_short()) {
      break_off(closed_early(), closed_early().detail);
    } else if (is_complete()) {
      finish_upstream();
    }
  }
  ahead.finish();
}

// One read, of `bytes_max` at most, that does not pause: from space() to keep() the other side must
// not run. False: nothing came, or nothing more will.
bool FastcgiAttempt::fill_once(ReadAhead& ahead, std::size_t bytes_max) {
  std::span<char> space = ahead.space();
  space = space.first(std::min(space.size(), bytes_max));
  runtime::ReadSome read{space};
  const auto got = read.attempt(upstream().source());
  if (!got || !*got || **got == 0) {
    static_cast<void>(ahead.keep({}));
    if (!got) return false;  // it was not ready after all
    if (!*got) {
      break_off(got->error().on(Side::upstream));
    } else {
      break_off(closed_early(), closed);
    }
    return false;
  }
  const auto bytes = unwrap(space.first(**got));
  const bool kept = ahead.keep(bytes.value_or(std::string_view()));
  if (bytes && !kept) break_off({ErrorKind::system, Side::us});
  return kept;
}

// The server has given all that it had to: its connection is free.
void FastcgiAttempt::finish_upstream() {
  count_success();
  record().response = elapsed();
  watch_.stop();
  if (!uploaded_) return;  // the rest of the request's body is still on its way
  const bool stays = plan_.location->fastcgi->keep_connection && decoder_.ended() &&
                     !decoder_.has_surplus() && !is_bound_for_request();
  if (stays) {
    exchange_.services.upstreams.pool().keep(std::move(connection_));
  } else {
    connection_.reset();
  }
}

}  // namespace baton::proxy
