// Small questions about ASCII text. Nothing here depends on the locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton {

constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// Value of a hexadecimal digit, -1 for any other character.
constexpr int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  const char lower = to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string lowered(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);  // without blanks at both ends

// Parts between `separator`; "a,,b" gives three, "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
// Runs of characters other than blanks and tabs.
std::vector<std::string_view> split_words(std::string_view text);

// The whole text as an unsigned decimal number of at most `max`; no sign, no blanks.
std::optional<std::uint64_t> parse_unsigned(std::string_view text, std::uint64_t max = UINT64_MAX);
// The whole text as a signed decimal number.
std::optional<std::int64_t> parse_signed(std::string_view text);
// The whole text as a decimal fraction like "1", "0.25", ".5".
std::optional<double> parse_decimal(std::string_view text);

// Text with control and non-ASCII bytes as \xHH, cut after `most` bytes: safe in any log.
std::string printable(std::string_view text, std::size_t most = 256);

// The word among `known` that `word` most likely misspells (edit distance at most a third of its
// length), empty when none is near.
std::string_view closest_word(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace baton
