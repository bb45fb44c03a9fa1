// Body framing between the two sides.

#include "proxy/forwarding/relay.h"

#include <algorithm>

namespace baton::proxy {

std::optional<std::span<char>> UpstreamBody::take(std::span<char> raw) {
  if (done_) {
    surplus_ = surplus_ || !raw.empty();
    return std::span<char>{};
  }
  switch (kind_) {
    case http::BodyKind::none:
      break;
    case http::BodyKind::length: {
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, raw.size()));
      left_ -= size;
      done_ = left_ == 0;
      surplus_ = raw.size() > size;
      return raw.first(size);
    }
    case http::BodyKind::chunked: {
      const auto output = decoder_.decode(raw);
      if (output.state == http::ChunkedDecoder::State::bad) return std::nullopt;
      done_ = output.state == http::ChunkedDecoder::State::done;
      surplus_ = output.consumed < raw.size();
      return output.body;
    }
    case http::BodyKind::until_close:
      return raw;
  }
  return std::span<char>{};
}

void frame_chunk(std::span<iovec, 3> pieces, std::span<char> bytes, bool last,
                 std::span<char, http::chunk_line_max> size_line) {
  pieces[0] = pieces[1] = pieces[2] = iovec{nullptr, 0};
  if (bytes.empty()) {
    if (last) pieces[0] = piece_of(http::last_chunk);
    return;
  }
  pieces[0] = {size_line.data(), http::write_chunk_line(bytes.size(), size_line)};
  pieces[1] = {bytes.data(), bytes.size()};
  pieces[2] = piece_of(last ? http::chunk_end_and_last : http::chunk_end);
}

}  // namespace baton::proxy
