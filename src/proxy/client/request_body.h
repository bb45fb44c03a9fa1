// The client's request body as a stream of pieces: what came with the head first, then what the
// socket gives, with the framing taken off, never more than one buffer at a time.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "http/chunked.h"
#include "http/head.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace baton::proxy {

class RequestBody {
 public:
  struct Piece {
    std::span<char> bytes;
    bool last = false;
  };

  // `early` are the bytes behind the head; `bytes_max` is client_max_body_size (0: no limit).
  void begin(const http::Framing& framing, std::span<char> early, std::uint64_t bytes_max);

  // The next piece: of the early bytes, or read into `buffer`. Errors: closed, timed_out,
  // malformed (400), too_large (413); their side is the client.
  runtime::Task<Result<Piece>> read(runtime::Stream& client, std::span<char> buffer,
                                    Instant deadline);
  // The next piece of the early bytes, if any are left.
  Result<Piece> take_early();

  // Nothing is to be read any more by whoever wants the body.
  [[nodiscard]] bool finished() const { return finished_ || given_up_; }
  // The client has sent all of it.
  [[nodiscard]] bool is_drained() const { return finished_; }
  // The body goes to nobody; what is left of it is read only to reach the next request.
  void give_up() { given_up_ = true; }
  [[nodiscard]] bool given_up() const { return given_up_; }
  [[nodiscard]] bool has_early() const { return !early_.empty(); }
  // True when the whole body came with the head and carries its length: it can be sent as often
  // as is needed.
  [[nodiscard]] bool is_whole_early() const {
    return kind_ == http::BodyKind::length && left_ <= early_.size() && !given_up_;
  }
  [[nodiscard]] std::span<char> whole_early() const { return early_.first(left_); }
  // Takes the whole early body as read.
  void skip_whole_early();

  [[nodiscard]] std::uint64_t received() const { return received_; }
  // ... of which the last piece.
  [[nodiscard]] std::uint64_t last_bytes() const { return last_bytes_; }
  // A server is to get the body while it comes, and no other one after that.
  void stream() { streams_ = true; }
  [[nodiscard]] bool streams() const { return streams_; }
  [[nodiscard]] std::uint64_t left() const { return left_; }
  // Early bytes that belong to the body, so far; what is behind them is the next request.
  [[nodiscard]] std::size_t early_used() const { return early_used_; }
  // Bytes read from the socket that belong to the next request.
  [[nodiscard]] std::string& surplus() { return surplus_; }

 private:
  Result<Piece> take(std::span<char> raw, std::size_t& used);

  http::BodyKind kind_ = http::BodyKind::none;
  bool finished_ = true;
  bool given_up_ = false;
  bool streams_ = false;
  std::uint64_t left_ = 0;  // BodyKind::length only
  std::uint64_t received_ = 0;
  std::uint64_t last_bytes_ = 0;
  std::uint64_t bytes_max_ = 0;
  std::span<char> early_;
  std::size_t early_used_ = 0;
  http::ChunkedDecoder decoder_;
  std::string surplus_;
};

}  // namespace baton::proxy
