// Server side includes as nginx reads them: text with commands in it,
//
//     <!--# include virtual="/head.html" -->
//
// cut into pieces as the text comes. Values stand in quotes, in which a backslash keeps the next
// character from meaning anything.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace baton::proxy {

struct SsiParameter {
  std::string name;
  std::string value;  // backslashes included
};

struct SsiPiece {
  enum class Kind : unsigned char {
    none,     // more bytes are needed
    text,     // goes out as it is
    command,  // one that nginx knows, with parameters that it knows
    broken    // an error message stands in its place; `problem` is for the log
  } kind = Kind::none;
  std::string_view text;  // of a command: its source; good until the next feed()
  std::string name;
  std::vector<SsiParameter> parameters;
  std::string problem;

  // The value of a parameter; nullptr when it is absent.
  [[nodiscard]] const std::string* find(std::string_view parameter) const;
};

class SsiParser {
 public:
  // Values longer than `value_bytes_max` break their command.
  explicit SsiParser(std::size_t value_bytes_max) : value_bytes_max_(value_bytes_max) {}

  // The next bytes; what was fed before has been taken to the last piece.
  void feed(std::string_view bytes);
  // The next piece. With `at_end` no more bytes will come, and what is unfinished goes out as text.
  SsiPiece next(bool at_end);

 private:
  [[nodiscard]] std::size_t find_end(std::size_t from) const;
  SsiPiece take_text(std::size_t count);
  void parse_command(std::string_view inside, SsiPiece& piece) const;

  std::size_t value_bytes_max_;
  std::string bytes_;  // what is not cut yet begins at `start_`
  std::size_t start_ = 0;
};

}  // namespace baton::proxy
