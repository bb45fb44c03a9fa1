// Sending local responses.

#include "proxy/response/responder.h"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "proxy/client/client_output.h"
#include "proxy/filters/page.h"
#include "proxy/forwarding/relay.h"
#include "proxy/response/outgoing_body.h"
#include "proxy/response/response_head.h"

namespace baton::proxy {

namespace {

std::uint64_t body_size(const Response& response) {
  if (!response.file) return response.text.size();
  std::uint64_t size = response.after.size();
  for (const FilePart& part : response.file_parts) size += part.before.size() + part.length;
  return size;
}

// reset_timedout_connection: what is unsent is dropped at once.
void reset_late_client(Exchange& exchange, const Error& error) {
  if (error.kind != ErrorKind::timed_out || !exchange.request.location->reset_timed_out) return;
  exchange.client->stream.reset_on_close();
}

// The kernel sends the file; for a response that goes out as it is.
runtime::Task<Status> send_file_range(Exchange& exchange, std::uint64_t offset,
                                      std::uint64_t left) {
  Request& request = exchange.request;
  while (left > 0) {
    std::uint64_t count = left;
    if (exchange.pacer) {
      const auto allowed = co_await wait_for_allowance(exchange, left);
      if (!allowed) co_return std::unexpected(allowed.error());
      count = *allowed;
    }
    const auto sent = co_await exchange.client->stream.send_file(
        request.response.file.get(), static_cast<off_t>(offset), static_cast<std::size_t>(count),
        exchange.now() + request.location->send_timeout);
    if (!sent) {
      reset_late_client(exchange, sent.error());
      co_return std::unexpected(sent.error().on(Side::client));
    }
    // The file shrank: the promised length cannot be kept, only the connection ended.
    if (*sent == 0) co_return fail(ErrorKind::closed, "file was truncated while sending");
    request.bytes_sent += *sent;
    offset += *sent;
    left -= *sent;
  }
  co_return Status{};
}

// Sends `bytes` of the body through its filters and framing.
runtime::Task<Status> send_through(Exchange& exchange, OutgoingBody& body, std::string_view bytes,
                                   BodyPart part) {
  Status sent;
  do {
    const std::span<iovec> pieces = body.frame_some(bytes, part);
    bytes = {};
    const bool more = part != BodyPart::last || body.has_more();
    sent = co_await send_to_client(exchange, pieces, more);
  } while (sent && body.has_more());
  co_return sent && !body.status() ? body.status() : sent;
}

// A part of the file, read here. `part`: what its end is to the body.
runtime::Task<Status> send_file_pieces(Exchange& exchange, OutgoingBody& body,
                                       const FilePart& range, BodyPart part) {
  const auto buffer = exchange.services.large_buffers.take();
  std::uint64_t offset = range.offset;
  std::uint64_t left = range.length;
  while (left > 0) {
    const std::span<char> space = buffer.span();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, space.size()));
    const ssize_t got = ::pread(exchange.request.response.file.get(), space.data(), size,
                                static_cast<off_t>(offset));
    if (got <= 0) co_return fail(ErrorKind::closed, "file was truncated while sending");
    const auto count = static_cast<std::size_t>(got);
    offset += count;
    left -= count;
    const BodyPart now = left > 0 ? BodyPart::more : part;
    const Status sent = co_await send_through(exchange, body, {space.data(), count}, now);
    if (!sent) co_return sent;
  }
  co_return Status{};
}

runtime::Task<Status> send_file_parts(Exchange& exchange, OutgoingBody& body) {
  const Response& response = exchange.request.response;
  const bool by_kernel = body.is_plain() && !exchange.sink;
  for (const FilePart& part : response.file_parts) {
    // The body's end goes with its last bytes where they pass through here.
    const bool ends_body =
        !by_kernel && response.after.empty() && &part == &response.file_parts.back();
    if (by_kernel || !part.before.empty()) {
      const Status sent = co_await send_to_client(exchange, body.frame(part.before, BodyPart::more),
                                                  part.length > 0);
      if (!sent) co_return sent;
    }
    const Status sent =
        by_kernel ? co_await send_file_range(exchange, part.offset, part.length)
                  : co_await send_file_pieces(exchange, body, part,
                                              ends_body ? BodyPart::last : BodyPart::more);
    if (!sent || ends_body) co_return sent;
  }
  // Nothing is left to be said where the kernel has sent the last byte.
  if (by_kernel && response.after.empty() && !response.file_parts.empty()) co_return Status{};
  co_return co_await send_through(exchange, body, response.after, BodyPart::last);
}

}  // namespace

runtime::Task<Status> respond(Exchange& exchange) {
  Request& request = exchange.request;
  const Response& response = request.response;
  std::optional<std::uint64_t> length = body_size(response);
  if (response.status == 304 && length == 0U) {
    length.reset();
  } else if (response.content_length) {
    length = response.content_length;
  }
  OutgoingBody body;
  begin_outgoing(exchange, body, length);
  Status sent;
  if (is_bodyless(request) || !response.file) {
    std::string_view text = response.text;
    do {
      sent = co_await send_to_client(exchange, body.frame_some(text, BodyPart::last), false);
      text = {};
    } while (sent && body.has_more());
    if (sent) sent = body.status();
  } else {
    sent = co_await send_file_parts(exchange, body);
  }
  request.completed = sent.has_value();
  if (!sent) request.keep_alive = false;
  if (!sent && sent.error().kind == ErrorKind::timed_out) {
    exchange.services.error_log.write(LogLevel::info, request,
                                      "client timed out (110: Connection timed out)",
                                      "sending response to client");
  }
  co_return sent;
}

}  // namespace baton::proxy
