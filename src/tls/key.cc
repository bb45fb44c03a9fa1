// Text to key and back.

#include "tls/key.h"

#include <fmt/format.h>
#include <openssl/rand.h>

#include "base/text.h"

namespace baton::tls {

std::optional<Key> Key::generate() {
  Key key;
  if (::RAND_bytes(key.bytes.data(), static_cast<int>(key.bytes.size())) != 1) return std::nullopt;
  return key;
}

std::optional<Key> Key::parse(std::string_view text) {
  std::optional<Key> found;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    line = trimmed(line);
    if (line.empty() || line.starts_with('#')) continue;
    Key key;
    if (found || line.size() != 2 * key.bytes.size()) return std::nullopt;
    for (std::size_t i = 0; i < key.bytes.size(); ++i) {
      const int high = hex_value(line[2 * i]);
      const int low = hex_value(line[2 * i + 1]);
      if (high < 0 || low < 0) return std::nullopt;
      key.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    found = key;
  }
  return found;
}

std::string Key::text() const {
  std::string digits;
  for (const std::uint8_t byte : bytes) digits += fmt::format("{:02x}", byte);
  return digits;
}

}  // namespace baton::tls
