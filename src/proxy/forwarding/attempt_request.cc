// The request's body on its way to the upstream server.

#include <array>
#include <cstring>
#include <span>

#include "config/model/proxy_rules.h"
#include "proxy/client/stored_body.h"
#include "proxy/forwarding/attempt.h"
#include "proxy/forwarding/relay.h"
#include "proxy/response/responder.h"

namespace baton::proxy {

namespace {

// Stored bodies up to this size go out with the head.
constexpr std::size_t joined_bytes_max = 16384;
// What a file gives at most before progress is noted.
constexpr std::uint64_t file_turn_bytes = 1 << 20;

}  // namespace

Attempt::BodyUp Attempt::choose_body() const {
  if (!proxy_.pass_request_body || (proxy_.rules && proxy_.rules->set_body)) return BodyUp::none;
  if (const StoredBody* stored = exchange_.request.stored_body.get()) {
    if (stored->size == 0) return BodyUp::none;
    return stored->in_file() || stored->size > joined_bytes_max ? BodyUp::stored
                                                                : BodyUp::with_head;
  }
  if (exchange_.body.finished()) return BodyUp::none;
  return exchange_.body.is_whole_early() ? BodyUp::with_head : BodyUp::streamed;
}

std::string_view Attempt::body_with_head() const {
  if (const StoredBody* stored = exchange_.request.stored_body.get()) return stored->memory;
  const std::span<char> bytes = exchange_.body.whole_early();
  return {bytes.data(), bytes.size()};
}

// Beside answer(). A server may answer and close without reading everything: the answer decides
// what a failure means.
runtime::Task<void> Attempt::upload() {
  upload_progress_ = exchange_.now();
  if (body_up_ == BodyUp::stored) {
    watch_client();
    const Status sent = co_await upload_stored();
    if (sent) uploaded_ = true;
    if (!sent) upload_failed(sent.error());
    if (sent && !record().header) pick_.await_answer(exchange_.now());
    co_return;
  }
  const Status sent = co_await upload_streamed();
  if (!sent) upload_failed(sent.error());
  if (sent && !record().header) pick_.await_answer(exchange_.now());
  if (sent && end_ == AttemptEnd::failed) watch_client();
}

void Attempt::upload_failed(const Error& error) {
  if (uploaded_) return;
  if (error.side == Side::client) {
    client_failed(error);
    upstream().source().cancel();
  } else if (error.kind == ErrorKind::timed_out && !record().header) {
    fail_with(error, "sending request to upstream");
    upload_timed_out_ = true;
    upstream().source().cancel();
  }
}

void Attempt::count_upload(std::size_t bytes) {
  record().bytes_sent += bytes;
  upload_progress_ = exchange_.now();
}

// The error's side is the client when it failed; with the answer complete nobody wants the rest.
runtime::Task<Status> Attempt::upload_streamed() {
  RequestBody& body = exchange_.body;
  runtime::Stream& client = exchange_.client->stream;
  const Duration timeout = exchange_.request.location->client_body_timeout;
  const bool chunked = exchange_.request.head.framing.kind == http::BodyKind::chunked;
  runtime::BufferPool::Buffer buffer;
  std::span<char> kept;
  char size_line[http::chunk_line_max];
  while (!uploaded_) {
    const bool early = body.has_early();
    if (!early) {
      const Status told = co_await send_continue(exchange_);
      if (!told) co_return told;
      if (!buffer) buffer = exchange_.services.large_buffers.take();
    }
    auto piece = co_await body.read(client, buffer.span(), exchange_.now() + timeout);
    if (uploaded_) break;
    if (!piece) co_return std::unexpected(piece.error().on(Side::client));
    if (early && chunked) piece->bytes = keep_early_bytes(exchange_.request, kept, piece->bytes);
    std::array<iovec, 3> pieces = {iovec{piece->bytes.data(), piece->bytes.size()},
                                   iovec{nullptr, 0}, iovec{nullptr, 0}};
    if (chunked) frame_chunk(pieces, piece->bytes, piece->last, size_line);
    std::size_t size = 0;
    for (const iovec& one : pieces) size += one.iov_len;
    const Status sent = co_await send_all(upstream(), pieces, proxy_.send_timeout);
    if (uploaded_) break;
    if (!sent) co_return std::unexpected(sent.error().on(Side::upstream));
    count_upload(size);
    uploaded_ = piece->last;
  }
  co_return Status{};
}

runtime::Task<Status> Attempt::upload_stored() {
  const StoredBody& stored = *exchange_.request.stored_body;
  std::uint64_t offset = 0;
  while (offset < stored.size && !uploaded_) {
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>(stored.size - offset, file_turn_bytes));
    const Instant deadline = exchange_.now() + proxy_.send_timeout;
    Result<std::size_t> sent = 0;
    if (stored.in_file()) {
      sent = co_await upstream().send_file(stored.file.fd.get(), static_cast<off_t>(offset), size,
                                           deadline);
    } else {
      const iovec piece = piece_of(std::string_view(stored.memory).substr(offset, size));
      const std::span<const iovec> pieces(&piece, 1);
      sent = co_await upstream().write_some(pieces, deadline);
    }
    if (!sent) co_return std::unexpected(sent.error().on(Side::upstream));
    if (*sent == 0) co_return fail(ErrorKind::closed, "request body file was truncated");
    offset += *sent;
    count_upload(*sent);
  }
  co_return Status{};
}

// While nobody reads from the client, its leaving ends the attempt.
void Attempt::watch_client() {
  if (!exchange_.watches_client || proxy_.ignore_client_abort) return;
  watch_.start(exchange_.client->stream.source(), &upstream().source());
}

void Attempt::stop_upload() {
  if (uploaded_) return;
  uploaded_ = true;
  upstream().source().cancel();
  exchange_.client->stream.source().interrupt(runtime::Direction::read);
}

}  // namespace baton::proxy
