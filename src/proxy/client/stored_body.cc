// Reading request bodies to their end.

#include "proxy/client/stored_body.h"

#include <fmt/format.h>

#include "config/model/client_body.h"
#include "proxy/forwarding/relay.h"
#include "proxy/response/responder.h"

namespace baton::proxy {

namespace {

using InFileOnly = config::ClientBodySettings::InFileOnly;

constexpr std::string_view continue_response = "HTTP/1.1 100 Continue\r\n\r\n";

const config::ClientBodySettings& settings_of(const Request& request) {
  static const config::ClientBodySettings defaults;
  const auto& settings = request.location->client_body;
  return settings ? *settings : defaults;
}

Status tell_trouble(Exchange& exchange, const std::string& message) {
  exchange.services.error_log.write(LogLevel::critical, exchange.request, message);
  return fail(ErrorKind::system, "request body could not be stored");
}

Status open_file(Exchange& exchange, StoredBody& stored) {
  const config::ClientBodySettings& settings = settings_of(exchange.request);
  const bool named = settings.in_file_only != InFileOnly::off;
  auto file = make_temporary_file(settings.temporary, config::default_body_folder, named);
  if (!file) return tell_trouble(exchange, file.error());
  stored.file = std::move(*file);
  stored.removes_file = settings.in_file_only == InFileOnly::clean;
  if (!named && exchange.services.error_log.enabled(LogLevel::warning, exchange.request)) {
    exchange.services.error_log.write(
        LogLevel::warning, exchange.request,
        fmt::format("a client request body is buffered to a temporary file {}", stored.file.path));
  }
  const auto written = write_at(stored.file, stored.memory, 0);
  if (!written) return tell_trouble(exchange, written.error());
  stored.memory = std::string();
  return {};
}

Status append(Exchange& exchange, StoredBody& stored, std::string_view bytes) {
  const std::size_t most = settings_of(exchange.request).buffer_bytes;
  if (!stored.in_file() && stored.size + bytes.size() > most) {
    const Status opened = open_file(exchange, stored);
    if (!opened) return opened;
  }
  if (stored.in_file()) {
    const auto written = write_at(stored.file, bytes, stored.size);
    if (!written) return tell_trouble(exchange, written.error());
  } else {
    stored.memory.append(bytes);
  }
  stored.size += bytes.size();
  return {};
}

// All pieces of the body until its end.
runtime::Task<Status> read_pieces(Exchange& exchange, StoredBody& stored) {
  RequestBody& body = exchange.body;
  runtime::Stream& client = exchange.client->stream;
  const Duration timeout = exchange.request.location->client_body_timeout;
  while (!body.finished()) {
    const Instant deadline = exchange.now() + timeout;
    // Waits without a buffer.
    if (!body.has_early()) {
      const auto ready = co_await client.readable(deadline);
      if (!ready) co_return std::unexpected(ready.error().on(Side::client));
    }
    const auto buffer = exchange.services.large_buffers.take();
    const auto piece = co_await body.read(client, buffer.span(), deadline);
    if (!piece) co_return std::unexpected(piece.error());
    const Status kept = append(exchange, stored, {piece->bytes.data(), piece->bytes.size()});
    if (!kept) co_return kept;
  }
  co_return Status{};
}

}  // namespace

bool must_store_body(const Exchange& exchange) {
  if (exchange.body.finished()) return false;
  return !exchange.body.is_whole_early() || exchange.request.head.expects_continue ||
         settings_of(exchange.request).in_file_only != InFileOnly::off;
}

runtime::Task<Status> send_continue(Exchange& exchange) {
  if (exchange.continue_sent) co_return Status{};
  exchange.continue_sent = true;
  if (!exchange.request.head.expects_continue) co_return Status{};
  iovec go_on = piece_of(continue_response);
  const Instant deadline = exchange.now() + exchange.request.location->client_body_timeout;
  const auto told = co_await exchange.client->stream.write_all({&go_on, 1}, deadline);
  if (!told) co_return std::unexpected(told.error().on(Side::client));
  exchange.request.bytes_sent += continue_response.size();
  co_return Status{};
}

void give_up_body(Exchange& exchange) {
  exchange.request.body_given_up = true;
  exchange.request.head.framing = {http::BodyKind::none, 0};
  exchange.body.give_up();
}

Verdict answer_body_error(Exchange& exchange, const Error& error) {
  Request& request = exchange.request;
  request.keep_alive = false;
  request.body_given_up = true;
  switch (error.kind) {
    case ErrorKind::malformed:
      exchange.services.error_log.write(LogLevel::error, request, error.detail);
      return Verdict::error(400);
    case ErrorKind::too_large:
      exchange.services.error_log.write(
          LogLevel::error, request,
          fmt::format("{}: {}+{} bytes", error.detail,
                      exchange.body.received() - exchange.body.last_bytes(),
                      exchange.body.last_bytes()));
      return Verdict::error(413);
    case ErrorKind::timed_out:
      request.response.status = 408;
      if (request.location->reset_timed_out) exchange.client->stream.reset_on_close();
      exchange.silent = true;
      return Verdict::respond();
    default:
      if (error.side != Side::client) return Verdict::error(500);
      exchange.services.error_log.write(LogLevel::info, request,
                                        "client prematurely closed connection");
      request.response.status = 400;
      exchange.silent = true;
      return Verdict::respond();
  }
}

runtime::Task<Verdict> store_body(Exchange& exchange) {
  Request& request = exchange.request;
  RequestBody& body = exchange.body;
  if (body.finished()) co_return Verdict::proceed();
  const Status told = co_await send_continue(exchange);
  if (!told) co_return answer_body_error(exchange, told.error());
  const bool in_file = settings_of(request).in_file_only != InFileOnly::off;
  if (body.is_whole_early() && !in_file) {
    const std::span<char> bytes = body.whole_early();
    request.early_body = {bytes.data(), bytes.size()};
    co_return Verdict::proceed();
  }
  auto stored = std::make_shared<StoredBody>();
  if (in_file) {
    const Status opened = open_file(exchange, *stored);
    if (!opened) co_return answer_body_error(exchange, opened.error());
  } else if (request.head.framing.kind == http::BodyKind::length) {
    const std::uint64_t length = request.head.framing.content_length;
    if (length <= settings_of(request).buffer_bytes) stored->memory.reserve(length);
  }
  const Status read = co_await read_pieces(exchange, *stored);
  if (!read) co_return answer_body_error(exchange, read.error());
  request.stored_body = std::move(stored);
  co_return Verdict::proceed();
}

}  // namespace baton::proxy
