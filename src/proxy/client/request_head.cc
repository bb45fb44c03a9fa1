// Receiving and parsing until the head is complete.

#include "proxy/client/request_head.h"

#include <fmt/format.h>

#include <cstring>

namespace baton::proxy {

namespace {

http::HeadLimits limits_of(const config::Server& server) {
  http::HeadLimits limits;
  limits.line_bytes = server.large_header_buffer_bytes;
  limits.total_bytes = server.client_header_buffer_bytes +
                       server.large_header_buffers * server.large_header_buffer_bytes;
  // Heads must fit a large buffer.
  limits.total_bytes = std::min<std::size_t>(limits.total_bytes, 60'000);
  limits.headers_max = server.max_headers;
  limits.ignore_invalid_headers = server.ignore_invalid_headers;
  limits.underscores_in_headers = server.underscores_in_headers;
  return limits;
}

// Moves the head to a large buffer. False: it is in one already.
bool grow(Exchange& exchange) {
  if (exchange.buffer.span().size() >= exchange.services.large_buffers.size_bytes()) return false;
  auto larger = exchange.services.large_buffers.take();
  std::memcpy(larger.span().data(), exchange.buffer.span().data(), exchange.received);
  exchange.buffer = std::move(larger);
  // Views into the old buffer are void.
  exchange.parser.restart();
  exchange.request.head.clear();
  return true;
}

// Lines that are not taken on, because of their names.
void tell_dropped(Exchange& exchange) {
  for (const std::string_view line : exchange.parser.dropped()) {
    exchange.services.error_log.write(LogLevel::info, exchange.request,
                                      fmt::format("client sent invalid header line: \"{}\"", line),
                                      "reading client request headers");
  }
}

void belong_to_default_server(Exchange& exchange) {
  Request& request = exchange.request;
  request.proxy = &exchange.services.config;
  const config::Listener& listener = request.proxy->listeners[exchange.client->listener];
  request.server = &request.proxy->servers[listener.default_server];
  request.location = &request.server->locations[0];
}

}  // namespace

runtime::Task<HeadOutcome> read_request_head(Exchange& exchange) {
  Request& request = exchange.request;
  belong_to_default_server(exchange);
  request.started = exchange.now();
  const http::HeadLimits limits = limits_of(*request.server);
  const Instant deadline = request.started + request.server->client_header_timeout;
  if (!exchange.buffer) exchange.buffer = exchange.services.small_buffers.take();
  while (true) {
    if (exchange.received > 0) {
      const std::span<char> bytes = exchange.buffered();
      const http::Progress progress =
          exchange.parser.parse({bytes.data(), bytes.size()}, request.head, limits);
      if (progress == http::Progress::complete) {
        tell_dropped(exchange);
        co_return HeadOutcome::complete;
      }
      if (progress == http::Progress::refused) {
        exchange.refusal = exchange.parser.refusal();
        co_return HeadOutcome::refused;
      }
    }
    if (exchange.received == exchange.buffer.span().size()) {
      const bool grown = grow(exchange);
      if (!grown) {
        exchange.refusal = {494, "client sent too large request"};
        co_return HeadOutcome::refused;
      }
    }
    // A part of the head was there already: it may take a while.
    const bool waits = exchange.received > 0;
    if (waits) count(exchange.services.counters.reading_heads, 1u);
    const auto got = co_await exchange.client->stream.read(
        exchange.buffer.span().subspan(exchange.received), deadline);
    if (waits) count(exchange.services.counters.reading_heads, static_cast<std::uint32_t>(-1));
    if (!got) {
      co_return got.error().kind == ErrorKind::timed_out&& exchange.received > 0
          ? HeadOutcome::timed_out
          : HeadOutcome::gone;
    }
    if (*got == 0) co_return HeadOutcome::gone;
    exchange.received += *got;
  }
}

}  // namespace baton::proxy
