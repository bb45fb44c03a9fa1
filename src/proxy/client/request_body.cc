// Taking the framing off request bodies.

#include "proxy/client/request_body.h"

#include <algorithm>

namespace baton::proxy {

namespace {

std::unexpected<Error> client_error(ErrorKind kind, const char* detail) {
  return std::unexpected(Error{kind, Side::client, Retry::no, 0, detail});
}

}  // namespace

void RequestBody::begin(const http::Framing& framing, std::span<char> early,
                        std::uint64_t bytes_max) {
  kind_ = framing.kind;
  finished_ = kind_ == http::BodyKind::none;
  given_up_ = streams_ = false;
  left_ = kind_ == http::BodyKind::length ? framing.content_length : 0;
  received_ = 0;
  bytes_max_ = bytes_max;
  early_ = early;
  early_used_ = 0;
  decoder_ = {};
  surplus_.clear();
}

void RequestBody::skip_whole_early() {
  early_used_ += left_;
  received_ += left_;
  early_ = early_.subspan(left_);
  left_ = 0;
  finished_ = true;
}

// Body bytes of `raw`; `used` tells how many of them belong to this body.
Result<RequestBody::Piece> RequestBody::take(std::span<char> raw, std::size_t& used) {
  Piece piece;
  if (kind_ == http::BodyKind::length) {
    piece.bytes = raw.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, raw.size())));
    used = piece.bytes.size();
    left_ -= used;
    finished_ = left_ == 0;
  } else {
    const auto output = decoder_.decode(raw);
    if (output.state == http::ChunkedDecoder::State::bad) {
      return client_error(ErrorKind::malformed, "client sent invalid chunked body");
    }
    piece.bytes = output.body;
    used = output.consumed;
    finished_ = output.state == http::ChunkedDecoder::State::done;
  }
  last_bytes_ = piece.bytes.size();
  received_ += last_bytes_;
  if (bytes_max_ != 0 && received_ > bytes_max_) {
    return client_error(ErrorKind::too_large, "client intended to send too large chunked body");
  }
  piece.last = finished_;
  return piece;
}

Result<RequestBody::Piece> RequestBody::take_early() {
  std::size_t used = 0;
  auto piece = take(early_, used);
  early_used_ += used;
  early_ = finished_ ? std::span<char>{} : early_.subspan(used);
  return piece;
}

runtime::Task<Result<RequestBody::Piece>> RequestBody::read(runtime::Stream& client,
                                                            std::span<char> buffer,
                                                            Instant deadline) {
  if (finished_) co_return Piece{{}, true};
  if (!early_.empty()) co_return take_early();
  // A body of known length is never read beyond its end.
  if (kind_ == http::BodyKind::length && left_ < buffer.size()) buffer = buffer.first(left_);
  const auto got = co_await client.read(buffer, deadline);
  if (!got) co_return std::unexpected(got.error().on(Side::client));
  if (*got == 0) {
    co_return client_error(ErrorKind::closed, "client prematurely closed connection");
  }
  const std::span<char> raw = buffer.first(*got);
  std::size_t used = 0;
  auto piece = take(raw, used);
  if (finished_ && used < raw.size()) surplus_.assign(raw.data() + used, raw.size() - used);
  co_return piece;
}

}  // namespace baton::proxy
