// charset_map: how the characters of two charsets are written in one another. One of the two may be
// UTF-8; then the map says what each byte of the other one is in it, and the way back is found by
// the character's number.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/text.h"

namespace baton::config {

struct CharsetMap {
  CharsetMap() {
    for (std::size_t i = 0; i < 256; ++i) {
      const char byte = i < 128 ? static_cast<char>(i) : unknown;
      forth[i] = back[i] = byte;
      sequences[i] = byte;
    }
  }

  static constexpr char unknown = '?';

  std::string from;
  std::string to;
  bool is_to_utf8 = false;
  // Bytes to bytes.
  std::array<char, 256> forth;
  std::array<char, 256> back;
  // Bytes to UTF-8, and characters beyond ASCII to bytes.
  std::array<std::string, 256> sequences;
  std::unordered_map<char32_t, char> bytes_of;
};

// A map, and in which direction it is to be read.
struct Recoding {
  const CharsetMap* map = nullptr;  // null: none
  bool backwards = false;

  explicit operator bool() const { return map != nullptr; }
  [[nodiscard]] bool changes_length() const { return map->is_to_utf8; }
};

inline Recoding find_recoding(const std::vector<std::shared_ptr<const CharsetMap>>& maps,
                              std::string_view from, std::string_view to) {
  for (const auto& map : maps) {
    if (equals_ignoring_case(map->from, from) && equals_ignoring_case(map->to, to)) {
      return {map.get(), false};
    }
    if (equals_ignoring_case(map->from, to) && equals_ignoring_case(map->to, from)) {
      return {map.get(), true};
    }
  }
  return {};
}

}  // namespace baton::config
