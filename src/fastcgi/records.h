// The FastCGI protocol's records (FastCGI 1.0, sections 3 and 8), for one request per connection,
// as a responder is asked by a web server: bytes in, values out.
//
//   request:   BEGIN_REQUEST, PARAMS ... and an empty one, STDIN ... and an empty one
//   response:  STDOUT ... and STDERR ... in any order, END_REQUEST
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace baton::fastcgi {

enum class Type : std::uint8_t {
  begin_request = 1,
  abort_request = 2,
  end_request = 3,
  params = 4,
  stdin_bytes = 5,
  stdout_bytes = 6,
  stderr_bytes = 7,
};

inline constexpr std::size_t header_bytes = 8;
// Most bytes of content in a record that is written here; a multiple of eight needs no padding.
inline constexpr std::size_t content_bytes_max = 32768;

using Header = std::array<char, header_bytes>;
// The head of a record of request 1 with `size` bytes of content (at most 65535), without padding.
Header make_header(Type type, std::size_t size);

// Appends BEGIN_REQUEST for the responder's role; with `keep`, the connection may be used again.
void append_begin(std::string& to, bool keep);
// Appends a name and its value, as they stand in the content of PARAMS.
void append_pair(std::string& to, std::string_view name, std::string_view value);
// Appends `content` as records of one stream, and with `end` the empty one that ends it.
void append_stream(std::string& to, Type type, std::string_view content, bool end);

// Takes the records of a response apart. Bytes come in pieces of any size.
class ResponseDecoder {
 public:
  // Moves what is STDOUT in `raw` to its front and gives its size; appends STDERR to errors(), of
  // which the last errors_bytes_max are kept. nullopt: no FastCGI; problem() says what is wrong.
  std::optional<std::size_t> decode(std::span<char> raw);

  [[nodiscard]] bool ended() const { return ended_; }  // END_REQUEST is here, with all its bytes
  [[nodiscard]] bool has_surplus() const { return surplus_; }  // bytes behind END_REQUEST
  [[nodiscard]] const std::string& problem() const { return problem_; }
  [[nodiscard]] std::string& errors() { return errors_; }

  static constexpr std::size_t errors_bytes_max = 8192;

 private:
  bool take_header();
  void take_errors(std::string_view bytes);

  std::array<unsigned char, header_bytes> header_{};
  std::size_t header_size_ = 0;  // bytes of it that are here
  Type type_ = Type::stdout_bytes;
  std::size_t content_left_ = 0;
  std::size_t padding_left_ = 0;
  bool in_record_ = false;
  bool ended_ = false;
  bool surplus_ = false;
  std::string problem_;
  std::string errors_;
};

}  // namespace baton::fastcgi
