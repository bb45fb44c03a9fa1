// Dates of HTTP header lines (RFC 9110 section 5.6.7): IMF-fixdate is written; IMF-fixdate, RFC 850
// and asctime dates are read.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace baton::http {

// "Sun, 06 Nov 1994 08:49:37 GMT"
struct DateText {
  std::array<char, 29> characters{};
  [[nodiscard]] std::string_view view() const { return {characters.data(), characters.size()}; }
};

// Parts of a second are dropped. Years 0 to 9999.
DateText format_date(WallTime time);

// Empty for anything that is not one of the three forms or no date of the calendar. A leap second
// counts as the second after.
std::optional<WallTime> parse_date(std::string_view text);

}  // namespace baton::http
