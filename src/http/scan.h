// Looking through head text sixteen bytes at a time where the processor has SSE2, eight at a time
// (little-endian words) otherwise, and classes of characters by table (RFC 9110 section 5.6.2,
// RFC 3986 section 2).
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace baton::http {

#if defined(__SSE2__)
namespace detail {

inline __m128i load_16(const char* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}
// Bytes of `bytes` that are at most `limit`, compared without sign.
inline __m128i at_most(__m128i bytes, char limit) {
  return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(limit)), bytes);
}

// A bit for each of the 16 bytes that is a control character other than tab.
inline unsigned controls_16(const char* at) {
  const __m128i bytes = load_16(at);
  const __m128i tab = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t'));
  const __m128i low = _mm_andnot_si128(tab, at_most(bytes, 0x1f));
  const __m128i hits = _mm_or_si128(low, _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
  return static_cast<unsigned>(_mm_movemask_epi8(hits));
}

}  // namespace detail
#endif

// How many bytes from `at` on are the usual ones of header names (letters, digits, '-'), looking no
// further than is cheap: a short count says nothing about the byte behind it.
inline std::size_t usual_name_bytes([[maybe_unused]] const char* at,
                                    [[maybe_unused]] const char* end) {
#if defined(__SSE2__)
  if (end - at < 16) return 0;
  const __m128i bytes = detail::load_16(at);
  const __m128i folded = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  const __m128i letters = detail::at_most(_mm_sub_epi8(folded, _mm_set1_epi8('a')), 'z' - 'a');
  const __m128i digits = detail::at_most(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), 9);
  const __m128i dashes = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
  const __m128i usual = _mm_or_si128(_mm_or_si128(letters, digits), dashes);
  return static_cast<std::size_t>(std::countr_one(static_cast<unsigned>(_mm_movemask_epi8(usual))));
#else
  return 0;
#endif
}

// First byte in [at, end) that is a control character (0x00-0x1f without tab, 0x7f); `end` when
// there is none. Line ends are control characters, so this finds the end of a good value.
inline const char* find_control(const char* at, const char* end) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t high = 0x8080808080808080ULL;
#if defined(__SSE2__)
  for (; end - at >= 16; at += 16) {
    if (const unsigned hits = detail::controls_16(at); hits != 0) {
      return at + std::countr_zero(hits);
    }
  }
#endif
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
  bad,         // control characters, space, delete, bytes that no token may hold, ':'
  usual,       // letters, digits, '-'
  underscore,  // '_'
  token,       // other token characters
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
  return classes;
}();

inline NameClass name_class(char c) {
  return name_classes[static_cast<unsigned char>(c)];
}

}  // namespace baton::http
