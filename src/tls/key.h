// A secret that two machines share, as a line of text: 64 hexadecimal digits. Lines that begin with
// '#' and blank ones are skipped, so that a key file can say what it is.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace baton::tls {

struct Key {
  std::array<std::uint8_t, 32> bytes{};

  // From the system's random generator; nothing when that fails.
  static std::optional<Key> generate();
  // Nothing when `text` holds no key, more than one, or anything else.
  static std::optional<Key> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  friend bool operator==(const Key&, const Key&) = default;
};

}  // namespace baton::tls
