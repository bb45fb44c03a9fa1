// Six bits a character.

#include "base/base64.h"

#include <cstdint>

namespace baton {

namespace {

constexpr std::string_view ordinary =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int value_of(char c, bool url) {
  if (url && c == '-') return 62;
  if (url && c == '_') return 63;
  if (url && (c == '+' || c == '/')) return -1;
  const std::size_t found = ordinary.find(c);
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

std::optional<std::string> decode(std::string_view text, bool url) {
  while (text.ends_with('=')) text.remove_suffix(1);
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const int six = value_of(c, url);
    if (six < 0) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(six);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> count & 0xff);
  }
  return bytes;
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text += ordinary[bits >> (count - 6) & 63];
  }
  if (count > 0) text += ordinary[bits << (6 - count) & 63];
  while (text.size() % 4 != 0) text += '=';
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  return decode(text, false);
}

std::optional<std::string> decode_base64_url(std::string_view text) {
  return decode(text, true);
}

}  // namespace baton
