// Numbers as text, for what is written once for every request: no format string, no locale.
#pragma once

#include <charconv>
#include <cstdint>
#include <string>

namespace baton {

// Appends the decimal digits.
inline void append_decimal(std::string& into, std::uint64_t number) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  into.append(digits, end);
}

}  // namespace baton
