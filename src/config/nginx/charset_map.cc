// Lines of two codes: "80 E282AC;" is byte 80 of the first charset, and what it is in the second.

#include "config/nginx/charset_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "http/utf8.h"

namespace baton::config::nginx {

namespace {

// Hexadecimal digits, two a byte; the first may be left out of a single byte.
std::optional<std::string> parse_bytes(std::string_view digits, std::size_t bytes_max) {
  std::string bytes;
  if (digits.size() == 1) {
    if (hex_value(digits[0]) < 0) return std::nullopt;
    return std::string(1, static_cast<char>(hex_value(digits[0])));
  }
  if (digits.empty() || digits.size() % 2 != 0 || digits.size() > 2 * bytes_max) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_value(digits[i]);
    const int low = hex_value(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

void invalid_value(Reader& reader, const Directive& line, std::size_t index) {
  const std::string& word = index == 0 ? line.name() : line.word(index);
  reader.error(line, index, fmt::format("invalid value \"{}\"", word));
}

void read_pair(Reader& reader, const Directive& line, CharsetMap& map) {
  constexpr std::size_t utf8_bytes_max = 3;  // what nginx's tables hold
  const auto first = parse_bytes(line.name(), 1);
  if (!first) return invalid_value(reader, line, 0);
  const auto second = parse_bytes(line.word(1), map.is_to_utf8 ? utf8_bytes_max : 1);
  if (!second) return invalid_value(reader, line, 1);
  const auto byte = static_cast<unsigned char>((*first)[0]);
  if (!map.is_to_utf8) {
    map.forth[byte] = (*second)[0];
    map.back[static_cast<unsigned char>((*second)[0])] = (*first)[0];
    return;
  }
  const http::Utf8Character character = http::decode_utf8(*second);
  if (character.kind != http::Utf8Character::Kind::whole || character.bytes != second->size()) {
    return invalid_value(reader, line, 1);
  }
  map.sequences[byte] = *second;
  map.bytes_of.insert_or_assign(character.number, (*first)[0]);
}

}  // namespace

std::shared_ptr<const CharsetMap> read_charset_map_block(Reader& reader,
                                                         const Directive& directive) {
  auto map = std::make_shared<CharsetMap>();
  map->from = directive.word(1);
  map->to = directive.word(2);
  map->is_to_utf8 = equals_ignoring_case(map->to, "utf-8");
  for (const Directive& line : directive.block) {
    if (!reader.check_value_line(line)) continue;
    if (line.count() != 1) {
      reader.error(line, 0, "invalid parameters number");
    } else {
      read_pair(reader, line, *map);
    }
  }
  return map;
}

}  // namespace baton::config::nginx
