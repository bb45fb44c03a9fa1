// The chunked transfer coding (RFC 9112 section 7.1), both ways, streaming.
//
// The decoder works in place on whatever was read: it moves the chunks' bytes together over their
// frames, so that one read of many chunks becomes one run of bytes, and a read within one chunk
// costs nothing. It is strict: sizes are bare hex digits without leading or trailing blanks,
// extensions and trailers are read, bounded and, unless trailers are wanted, thrown away, lines end
// with CR LF (a bare LF is refused: this is where request smuggling hides).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace baton::http {

class ChunkedDecoder {
 public:
  enum class State : std::uint8_t { more, done, bad };
  struct Output {
    State state = State::more;
    std::span<char> body;      // body bytes found, inside the input
    std::size_t consumed = 0;  // input bytes used; all of them unless done or bad
  };

  // Takes the next bytes of the stream and overwrites them. After `done`, input behind `consumed`
  // belongs to the next message and is untouched.
  Output decode(std::span<char> input);

  // Trailer lines are appended to `into`, each with a line feed at its end, instead of thrown away.
  void keep_trailers(std::string& into) { trailers_ = &into; }

  [[nodiscard]] bool done() const { return step_ == Step::finished; }
  // Bytes of the present chunk that are still to come: what to read at least.
  [[nodiscard]] std::uint64_t chunk_left() const { return left_; }

  // Most bytes of extensions in one body, and of the trailer section.
  static constexpr std::uint32_t extension_bytes_max = 16384;
  static constexpr std::uint32_t trailer_bytes_max = 16384;

 private:
  enum class Step : std::uint8_t {
    size,
    size_more,
    extension,
    size_line_end,
    payload,
    payload_cr,
    payload_lf,
    trailer_start,
    trailer_line,
    trailer_line_end,
    last_line_end,
    finished,
    broken,
  };
  // One byte of anything but payload. False: broken.
  bool frame_byte(char c);
  bool size_digit(char c);

  Step step_ = Step::size;
  std::uint8_t size_digits_ = 0;
  bool line_has_colon_ = false;
  std::uint32_t extension_bytes_ = 0;
  std::uint32_t trailer_bytes_ = 0;
  std::uint64_t left_ = 0;  // of the chunk
  std::string* trailers_ = nullptr;
};

// The line before a chunk of `size` bytes, "1f4\r\n", written to `into`; returns its length.
// A chunk is this line, the bytes, and "\r\n".
inline constexpr std::size_t chunk_line_max = 18;
std::size_t write_chunk_line(std::uint64_t size, std::span<char, chunk_line_max> into);

inline constexpr std::string_view chunk_end = "\r\n";
inline constexpr std::string_view last_chunk = "0\r\n\r\n";
inline constexpr std::string_view chunk_end_and_last = "\r\n0\r\n\r\n";

}  // namespace baton::http
