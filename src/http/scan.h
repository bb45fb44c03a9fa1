// Looking through head text eight bytes at a time (little-endian words), and classes of characters
// by table (RFC 9110 section 5.6.2, RFC 3986 section 2).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace baton::http {

// First byte in [at, end) that is a control character (0x00-0x1f without tab, 0x7f); `end` when
// there is none. Line ends are control characters, so this finds the end of a good value.
inline const char* find_control(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t high = 0x8080808080808080ULL;
  while (true) {
    while (end - at >= 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, 8);
      const std::uint64_t below_space = (word - ones * 0x20) & ~word & high;
      const std::uint64_t folded = word ^ (ones * 0x7f);
      const std::uint64_t is_delete = (folded - ones) & ~folded & high;
      const std::uint64_t hits = below_space | is_delete;
      if (hits != 0) {
        at += std::countr_zero(hits) / 8;
        break;
      }
      at += 8;
    }
    // Either a hit, or fewer than eight bytes are left.
    for (; at != end; ++at) {
      const auto byte = static_cast<unsigned char>(*at);
      if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return at;
      if (byte == '\t' && end - at > 8) {
        ++at;
        break;  // a tab is harmless: back to words
      }
      if (end - at > 8) break;
    }
    if (at == end) return end;
  }
}

enum class NameClass : std::uint8_t {
  bad,         // control characters, space, delete, bytes that no token may hold
  usual,       // letters, digits, '-'
  underscore,  // '_'
  token,       // other token characters
  colon,
};

inline constexpr auto name_classes = [] {
  std::array<NameClass, 256> classes{};
  for (unsigned c = '0'; c <= '9'; ++c) classes[c] = NameClass::usual;
  for (unsigned c = 'a'; c <= 'z'; ++c) classes[c] = classes[c - 0x20] = NameClass::usual;
  for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '.', '^', '`', '|', '~'}) {
    classes[static_cast<unsigned char>(c)] = NameClass::token;
  }
  classes['-'] = NameClass::usual;
  classes['_'] = NameClass::underscore;
  classes[':'] = NameClass::colon;
  return classes;
}();

inline NameClass name_class(char c) {
  return name_classes[static_cast<unsigned char>(c)];
}

}  // namespace baton::http
