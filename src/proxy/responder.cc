// Sending local responses.

#include "proxy/responder.h"

#include <algorithm>
#include <array>

#include "proxy/response_head.h"

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

void count_sent(Request& request, std::size_t sent) {
  request.bytes_sent += sent;
}

std::uint64_t body_size(const Response& response) {
  if (!response.file) return response.text.size();
  std::uint64_t size = response.after.size();
  for (const FilePart& part : response.file_parts) size += part.before.size() + part.length;
  return size;
}

runtime::Task<Status> send_file_parts(Exchange& exchange) {
  Request& request = exchange.request;
  const Response& response = request.response;
  runtime::Stream& stream = exchange.client->stream;
  std::string_view before = exchange.head_text;
  for (const FilePart& part : response.file_parts) {
    std::array<iovec, 2> pieces = {piece_of(before), piece_of(part.before)};
    before = {};
    const Status head_sent = co_await send_to_client(exchange, pieces, part.length > 0);
    if (!head_sent) co_return head_sent;
    std::uint64_t offset = part.offset;
    std::uint64_t left = part.length;
    while (left > 0) {
      const auto sent = co_await stream.send_file(response.file.get(), static_cast<off_t>(offset),
                                                  static_cast<std::size_t>(left),
                                                  exchange.now() + request.location->send_timeout);
      if (!sent) co_return std::unexpected(sent.error().on(Side::client));
      // The file shrank: the promised length cannot be kept, only the connection ended.
      if (*sent == 0) co_return fail(ErrorKind::closed, "file was truncated while sending");
      count_sent(request, *sent);
      offset += *sent;
      left -= *sent;
    }
  }
  std::array<iovec, 2> pieces = {piece_of(before), piece_of(response.after)};
  co_return co_await send_to_client(exchange, pieces, false);
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
  const Status sent =
      co_await send_all(exchange.client->stream, pieces, request.location->send_timeout, more);
  count_sent(request, all - bytes_in(pieces));
  if (sent) co_return Status{};
  if (sent.error().kind == ErrorKind::timed_out && request.location->reset_timed_out) {
    exchange.client->stream.reset_on_close();
  }
  co_return std::unexpected(sent.error().on(Side::client));
}

runtime::Task<Status> respond(Exchange& exchange) {
  Request& request = exchange.request;
  const Response& response = request.response;
  const std::uint64_t size = body_size(response);
  const bool bodyless = is_bodyless(request);
  if (!(response.status == 304 && size == 0)) {
    choose_framing(exchange, {http::BodyKind::length, response.content_length.value_or(size)});
  } else {
    request.keep_alive = may_keep_alive(exchange);
  }
  write_response_head(exchange);
  request.header_sent = true;
  Status sent;
  if (bodyless || !response.file) {
    std::array<iovec, 2> pieces = {piece_of(exchange.head_text),
                                   piece_of(bodyless ? std::string_view{} : response.text)};
    sent = co_await send_to_client(exchange, pieces, false);
  } else {
    sent = co_await send_file_parts(exchange);
  }
  request.completed = sent.has_value();
  if (!sent) request.keep_alive = false;
  co_return sent;
}

}  // namespace baton::proxy
