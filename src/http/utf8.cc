// Lead byte, continuation bytes, and what no encoder writes.

#include "http/utf8.h"

namespace baton::http {

Utf8Character decode_utf8(std::string_view text) {
  using Kind = Utf8Character::Kind;
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {Kind::whole, lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return {};
  char32_t number = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {Kind::cut, 0, i};
    if ((byte(i) & 0xc0) != 0x80) return {Kind::broken, 0, i};
    number = number << 6 | (byte(i) & 0x3f);
  }
  constexpr char32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = number >= 0xd800 && number <= 0xdfff;
  if (number < least[length] || number > 0x10ffff || surrogate) return {Kind::broken, 0, length};
  return {Kind::whole, number, length};
}

}  // namespace baton::http
