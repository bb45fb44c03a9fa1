// The response's head: reading it, passing over interim ones, and judging the final one.

#include <algorithm>
#include <cstring>

#include "config/model/proxy_rules.h"
#include "proxy/forwarding/accel_redirect.h"
#include "proxy/forwarding/attempt.h"
#include "proxy/forwarding/cached_request.h"
#include "proxy/forwarding/relay.h"
#include "proxy/forwarding/upstream_response.h"
#include "proxy/response/error_page.h"
#include "proxy/response/responder.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

constexpr std::string_view reading_head = "reading response header from upstream";
constexpr int interim_heads_max = 16;

}  // namespace

runtime::Task<void> Attempt::answer() {
  const bool accepted = co_await read_head();
  if (accepted && exchange_.upstream_head.status == 101) {
    co_await tunnel();
  } else if (accepted) {
    co_await pass_on();
  }
  if (!uploaded_) stop_upload();
}

// The server's time counts from the last piece of the body that went up.
Instant Attempt::read_deadline() const {
  return std::max(head_progress_, upload_progress_) + proxy_.read_timeout;
}

// Where the head's next bytes go. With proxy_limit_rate not much of the body may come along.
std::span<char> Attempt::head_space() const {
  const std::span<char> space = exchange_.upstream_buffer.span().subspan(received_);
  const bool paced = proxy_.rules && proxy_.rules->read_rate;
  if (!paced || received_ >= proxy_.buffer_size_bytes) return space;
  return space.first(std::min(space.size(), proxy_.buffer_size_bytes - received_));
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
    const std::span<char> space = head_space();
    Result<std::size_t> got = 0;
    if (ready) {
      got = co_await upstream().read(space, read_deadline());
    } else {
      got = std::unexpected(ready.error());
    }
    step = got && *got > 0 ? parse_head(*got) : head_failed(got);
    if (!interim_.empty()) co_await pass_interim();
  }
  co_return step == HeadStep::accepted;
}

// The connection ended, failed or timed out before the head was complete.
Attempt::HeadStep Attempt::head_failed(const Result<std::size_t>& got) {
  if (end_ == AttemptEnd::client_failed || upload_timed_out_) return HeadStep::ended;
  if (watch_.client_gone()) {
    client_went_away(reading_head);
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
    const bool upgrades = head.status == 101 && is_upgrade();
    if (progress == http::Progress::refused || (head.status == 101 && !upgrades) ||
        (head.status < 200 && ++interim_heads_ > interim_heads_max)) {
      constexpr const char* unexpected = "upstream sent unexpected interim response";
      const bool refused = progress == http::Progress::refused;
      fail_with({ErrorKind::malformed, Side::upstream, Retry::no, 0, unexpected}, reading_head,
                refused ? parser_.refusal().text() : std::string());
      return HeadStep::ended;
    }
    if (head.status >= 200 || upgrades) break;
    if (head.status == 103 && proxy_.rules && !proxy_.rules->early_hints.empty()) take_hint();
    received_ -= head.bytes;
    std::memmove(begin, begin + head.bytes, received_);
    head.clear();
    parser_.restart();
    if (received_ == 0) return HeadStep::more;
  }
  return judge_head();
}

// early_hints: whether, and what of it, the client gets.
void Attempt::take_hint() {
  const Request& request = exchange_.request;
  if (request.head.version_minor < 1 || exchange_.parent) return;
  std::string condition;
  const bool wanted = std::ranges::any_of(proxy_.rules->early_hints, [&](const auto& text) {
    condition.clear();
    append_text(condition, text, request);
    return !condition.empty() && condition != "0";
  });
  if (!wanted) return;
  interim_.append("HTTP/1.1 103 Early Hints\r\n");
  for (const http::Header& line : exchange_.upstream_head.headers) {
    if (line.hop_by_hop || plan_.hidden.contains(line.id, line.name)) continue;
    interim_.append(line.name).append(": ").append(line.value).append("\r\n");
  }
  interim_.append("\r\n");
}

// Sends the hints; a client that fails at this fails again at the response.
runtime::Task<void> Attempt::pass_interim() {
  iovec piece = piece_of(interim_);
  static_cast<void>(co_await send_to_client(exchange_, {&piece, 1}, false));
  interim_.clear();
}

// The final head is there: is it for the client?
Attempt::HeadStep Attempt::judge_head() {
  const std::uint16_t status = exchange_.upstream_head.status;
  record().status = status;
  record().header = elapsed();
  action_ = reading_head;
  if (pick_.answered(exchange_.now())) {
    log("upstream server answers again", reading_head, LogLevel::notice);
  }
  if (is_passed_over(status)) {
    end_ = AttemptEnd::passed_over;
    return HeadStep::ended;
  }
  if (exchange_.cached && exchange_.cached->supersedes(exchange_.upstream_head)) {
    supersede();
    return HeadStep::ended;
  }
  if (proxy_.intercept_errors && status >= 300 && has_error_page(exchange_, status)) {
    end_ = AttemptEnd::intercepted;
    pick_.succeed(exchange_.now());
    return HeadStep::ended;
  }
  if (!accel_target(exchange_).empty() &&
      !(proxy_.rules && proxy_.rules->ignores(config::ignore_accel_redirect))) {
    supersede();
    end_ = AttemptEnd::redirected;
    return HeadStep::ended;
  }
  return HeadStep::accepted;
}

}  // namespace baton::proxy
