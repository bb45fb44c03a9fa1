// Taking the framing off an upstream body and putting the client's on, piece by piece as they
// were read; no copying.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "http/chunked.h"
#include "http/head.h"

namespace baton::proxy {

inline iovec piece_of(std::string_view text) {
  return {const_cast<char*>(text.data()), text.size()};
}

// The body of an upstream response while it comes in.
class UpstreamBody {
 public:
  explicit UpstreamBody(const http::Framing& framing)
      : kind_(framing.kind),
        left_(framing.content_length),
        done_(framing.kind == http::BodyKind::none) {}

  // Body bytes in `raw`, the next bytes of the stream; nullopt when they break the framing.
  std::optional<std::span<char>> take(std::span<char> raw);
  // Trailers of a chunked body are appended to `into`.
  void keep_trailers(std::string& into) { decoder_.keep_trailers(into); }
  // The stream has ended. False: too early.
  bool end() {
    done_ = done_ || kind_ == http::BodyKind::until_close;
    return done_;
  }
  [[nodiscard]] bool done() const { return done_; }
  // There were bytes behind the body: the server said more than it was asked.
  [[nodiscard]] bool has_surplus() const { return surplus_; }

 private:
  http::BodyKind kind_;
  std::uint64_t left_;
  bool done_;
  bool surplus_ = false;
  http::ChunkedDecoder decoder_;
};

// Makes `pieces` a chunk of `bytes`, followed by the end of the body if `last`. `size_line` must
// live until the pieces are sent.
void frame_chunk(std::span<iovec, 3> pieces, std::span<char> bytes, bool last,
                 std::span<char, http::chunk_line_max> size_line);

}  // namespace baton::proxy
