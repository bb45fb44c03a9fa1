// The value syntax of nginx.conf: switches, numbers, sizes and times with their units.
// Units of sizes: k, m (and g where a file offset is meant), either case. Units of times, from
// large to small: y M w d h m s ms; "1h 30m" adds them up; a bare number is seconds. nginx reads
// some times in milliseconds and some in whole seconds, and the two know different units.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/time.h"

namespace baton::config::nginx {

// "on" or "off" in either case.
std::optional<bool> parse_switch(std::string_view text);
// A decimal number without sign or blanks.
std::optional<std::uint64_t> parse_number(std::string_view text);
// Bytes, with k or m.
std::optional<std::uint64_t> parse_size(std::string_view text);
// Bytes, with k, m or g.
std::optional<std::uint64_t> parse_offset(std::string_view text);
// A time that nginx keeps in milliseconds: w d h m s ms.
std::optional<Duration> parse_milliseconds(std::string_view text);
// A time that nginx keeps in seconds: y M w d h m s.
std::optional<Duration> parse_seconds(std::string_view text);

}  // namespace baton::config::nginx
