// UTF-8 (RFC 3629), a character at a time.
#pragma once

#include <cstdint>
#include <string_view>

namespace baton::http {

struct Utf8Character {
  enum class Kind : std::uint8_t {
    whole,
    cut,     // the text ends within it
    broken,  // no character begins with these bytes
  } kind = Kind::broken;
  char32_t number = 0;
  std::size_t bytes = 1;  // that it, or what is broken, takes
};

// The character that `text`, which is not empty, begins with. Overlong forms, surrogates and
// numbers beyond U+10FFFF are broken.
Utf8Character decode_utf8(std::string_view text);

}  // namespace baton::http
