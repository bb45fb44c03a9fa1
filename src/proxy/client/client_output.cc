// Sending to clients.

#include "proxy/client/client_output.h"

#include <algorithm>

#include "config/model/limits.h"
#include "config/model/proxy_rules.h"
#include "config/nginx/value.h"
#include "proxy/client/client_pause.h"
#include "proxy/response/response_sink.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

std::size_t bytes_in(std::span<const iovec> pieces) {
  std::size_t sum = 0;
  for (const iovec& piece : pieces) sum += piece.iov_len;
  return sum;
}

// Takes the first `count` bytes off.
void advance(std::span<iovec> pieces, std::size_t count) {
  for (iovec& piece : pieces) {
    const std::size_t taken = std::min(count, piece.iov_len);
    piece.iov_base = static_cast<char*>(piece.iov_base) + taken;
    piece.iov_len -= taken;
    count -= taken;
    if (count == 0) return;
  }
}

Error client_error(Exchange& exchange, const Error& error) {
  if (error.kind == ErrorKind::timed_out && exchange.request.location->reset_timed_out) {
    exchange.client->stream.reset_on_close();
  }
  return error.on(Side::client);
}

// False when everything is being ended, or the client has gone meanwhile: with a server's answer it
// is watched already. One that had told before that it will send no more may well be reading.
runtime::Task<bool> wait_until(Exchange& exchange, Instant when) {
  const bool nobody_reads = exchange.request.attempts.empty() && exchange.body.finished();
  if (exchange.watches_client && nobody_reads && !exchange.client->stream.source().hung_up()) {
    co_return co_await ClientPause(exchange, when - exchange.now());
  }
  const Status slept = co_await exchange.loop().sleep_until(when);
  co_return slept.has_value();
}

// Piece by piece, each as far as the pacer lets it.
runtime::Task<Status> send_paced(Exchange& exchange, std::span<iovec> pieces) {
  Request& request = exchange.request;
  for (iovec& piece : pieces) {
    while (piece.iov_len > 0) {
      const auto allowed = co_await wait_for_allowance(exchange, piece.iov_len);
      if (!allowed) co_return std::unexpected(allowed.error());
      iovec part{piece.iov_base, static_cast<std::size_t>(*allowed)};
      const Status sent =
          co_await send_all(exchange.client->stream, {&part, 1}, request.location->send_timeout);
      const auto count = static_cast<std::size_t>(*allowed) - part.iov_len;
      request.bytes_sent += count;
      advance({&piece, 1}, count);
      if (!sent) co_return std::unexpected(client_error(exchange, sent.error()));
    }
  }
  co_return Status{};
}

std::uint64_t bytes_of(const config::ByteAmount& amount, const Request& request) {
  if (!amount.text) return amount.bytes;
  std::string text;
  append_text(text, *amount.text, request);
  return config::nginx::parse_size(text).value_or(0);
}

// X-Accel-Limit-Rate.
void take_upstream_rate(Request& request) {
  const http::Header* line =
      request.upstream_head->headers.find(http::HeaderId::x_accel_limit_rate);
  if (!line) return;
  const config::ProxyPass* proxy = request.location->proxy.get();
  if (proxy && proxy->rules && proxy->rules->ignores(config::ignore_accel_limit_rate)) return;
  if (const auto rate = config::nginx::parse_number(line->value)) request.limit_rate = rate;
}

}  // namespace

runtime::Task<Status> send_all(runtime::Stream& stream, std::span<iovec> pieces, Duration timeout,
                               bool more) {
  runtime::Loop& loop = stream.source().loop();
  while (true) {
    while (!pieces.empty() && pieces.front().iov_len == 0) pieces = pieces.subspan(1);
    if (pieces.empty()) co_return Status{};
    const auto sent = co_await stream.write_some(pieces, loop.now() + timeout, more);
    if (!sent) co_return std::unexpected(sent.error());
    advance(pieces, *sent);
  }
}

runtime::Task<Status> send_to_client(Exchange& exchange, std::span<iovec> pieces, bool more) {
  Request& request = exchange.request;
  const std::size_t all = bytes_in(pieces);
  if (all == 0) co_return Status{};
  if (exchange.sink) {
    request.bytes_sent += all;
    co_return co_await exchange.sink->take(pieces);
  }
  if (exchange.pacer) co_return co_await send_paced(exchange, pieces);
  const Status sent =
      co_await send_all(exchange.client->stream, pieces, request.location->send_timeout, more);
  request.bytes_sent += all - bytes_in(pieces);
  if (sent) co_return Status{};
  co_return std::unexpected(client_error(exchange, sent.error()));
}

Status send_now(Exchange& exchange, std::span<iovec>& pieces) {
  runtime::Source& source = exchange.client->stream.source();
  if (exchange.pacer) return {};
  while (true) {
    while (!pieces.empty() && pieces.front().iov_len == 0) pieces = pieces.subspan(1);
    if (pieces.empty() || source.cancelled() || !source.ready(runtime::Direction::write)) return {};
    runtime::WriteSome write{pieces.data(), static_cast<int>(pieces.size()), false};
    const auto sent = write.attempt(source);
    if (!sent) return {};
    if (!*sent) return std::unexpected(sent->error().on(Side::client));
    exchange.request.bytes_sent += **sent;
    advance(pieces, **sent);
  }
}

void begin_pacing(Exchange& exchange) {
  Request& request = exchange.request;
  const config::LimitSettings* settings = request.location->limits.get();
  if (request.upstream_head) take_upstream_rate(request);
  if (!settings && !request.limit_rate) return;
  if (exchange.sink) return;
  if (!request.limit_rate) request.limit_rate = bytes_of(settings->rate, request);
  if (*request.limit_rate == 0) return;
  const std::uint64_t free_bytes = settings ? bytes_of(settings->rate_after, request) : 0;
  exchange.pacer.emplace(*request.limit_rate, free_bytes, exchange.now());
}

runtime::Task<Result<std::uint64_t>> wait_for_allowance(Exchange& exchange, std::uint64_t wanted) {
  const Pacer& pacer = *exchange.pacer;
  const Request& request = exchange.request;
  while (true) {
    const std::uint64_t allowed = pacer.allowance(request.bytes_sent, wanted, exchange.now());
    if (allowed > 0) co_return allowed;
    const Instant ready_at = pacer.ready_at(request.bytes_sent, wanted);
    if (!co_await wait_until(exchange, ready_at)) {
      co_return std::unexpected(fail(ErrorKind::closed).error().on(Side::client));
    }
  }
}

}  // namespace baton::proxy
