// Keys, and the names that they give to files.

#include "cache/key.h"

#include "base/text.h"
#include "http/header_name.h"

namespace baton::cache {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_digits(std::string& text, const Key& key) {
  for (const std::uint8_t byte : key) {
    text += hex_digits[byte >> 4];
    text += hex_digits[byte & 15];
  }
}

// The elements of all lines called `name` as one list: neither blanks around them nor empty ones
// make a difference.
void append_values(std::string& text, std::string_view name, const http::HeaderTable& request) {
  const auto separates = [](char c) { return is_blank(c) || c == ','; };
  bool first = true;
  for (const http::Header& line : request) {
    if (!equals_ignoring_case(line.name, name)) continue;
    bool inside = false;
    for (const char c : line.value) {
      if (!separates(c)) {
        if (!inside && !first) text += ',';
        text += c;
        first = false;
      }
      inside = !separates(c);
    }
  }
}

}  // namespace

Key variant_key(const Key& main, std::string_view vary, const http::HeaderTable& request) {
  std::string text(reinterpret_cast<const char*>(main.data()), main.size());
  for (const std::string_view part : split(vary, ',')) {
    const std::string_view name = trimmed(part);
    if (name.empty()) continue;
    text.append(lowered(name)).append(":");
    append_values(text, name, request);
    text.append("\r\n");
  }
  return md5(text);
}

std::string entry_path(std::string_view root, const Levels& levels, const Key& key) {
  std::string name;
  name.reserve(key_digits);
  append_digits(name, key);
  std::string path;
  path.reserve(root.size() + 2 * key_digits);
  path.append(root);
  std::size_t end = key_digits;
  for (const std::uint8_t digits : levels) {
    if (digits == 0) break;
    end -= digits;
    path.append("/").append(name, end, digits);
  }
  return path.append("/").append(name);
}

std::optional<Key> key_of_name(std::string_view name) {
  if (name.size() != key_digits) return std::nullopt;
  Key key;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const int high = hex_value(name[2 * i]);
    const int low = hex_value(name[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    key[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return key;
}

}  // namespace baton::cache
