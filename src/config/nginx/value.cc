// The value syntax of nginx.conf: switches, numbers, sizes and times with their units.

#include "config/nginx/value.h"

#include <array>
#include <chrono>

#include "base/text.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint64_t largest = INT64_MAX;

std::optional<std::uint64_t> scaled(std::string_view digits, std::uint64_t unit) {
  const auto value = parse_number(digits);
  if (!value || *value > largest / unit) return std::nullopt;
  return *value * unit;
}

struct TimeUnit {
  std::string_view suffix;
  Duration length;
  bool in_seconds;       // offered where nginx keeps seconds
  bool in_milliseconds;  // offered where nginx keeps milliseconds
};

// From large to small: a time may go through them only in this order.
constexpr std::array<TimeUnit, 8> time_units{{
    {"y", std::chrono::days(365), true, false},
    {"M", std::chrono::days(30), true, false},
    {"w", std::chrono::days(7), true, true},
    {"d", std::chrono::days(1), true, true},
    {"h", 1h, true, true},
    {"m", 1min, true, true},
    {"s", 1s, true, true},
    {"ms", 1ms, false, true},
}};
constexpr std::size_t seconds_rank = 6;
constexpr std::size_t bare_rank = time_units.size();

// Takes the unit off the front of `text` and gives its rank in time_units; a number without one
// has bare_rank: it counts as seconds and no unit may follow it.
std::optional<std::size_t> take_unit(std::string_view& text, bool milliseconds) {
  std::size_t length = 0;
  while (length < text.size() && text[length] != ' ' && !is_digit(text[length])) ++length;
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length);
  if (word.empty()) return bare_rank;
  for (std::size_t rank = 0; rank < time_units.size(); ++rank) {
    const TimeUnit& unit = time_units[rank];
    if (unit.suffix != word) continue;
    if (milliseconds ? unit.in_milliseconds : unit.in_seconds) return rank;
  }
  return std::nullopt;
}

std::optional<Duration> parse_time(std::string_view text, bool milliseconds) {
  Duration total{0};
  std::optional<std::size_t> last_rank;
  do {
    std::size_t digits = 0;
    while (digits < text.size() && is_digit(text[digits])) ++digits;
    const auto value = parse_number(text.substr(0, digits));
    if (!value) return std::nullopt;
    text.remove_prefix(digits);
    const auto rank = take_unit(text, milliseconds);
    if (!rank) return std::nullopt;
    // A bare number may end any time, but stand in the middle only where seconds may.
    const bool ends = *rank == bare_rank && text.empty();
    const std::size_t needed = *rank == bare_rank ? seconds_rank : *rank;
    if (last_rank && needed <= *last_rank && !ends) return std::nullopt;
    last_rank = rank;
    const Duration unit = *rank == bare_rank ? Duration(1s) : time_units[*rank].length;
    const auto room = static_cast<std::uint64_t>((Duration::max() - total) / unit);
    if (*value > room) return std::nullopt;
    total += static_cast<Duration::rep>(*value) * unit;
    while (text.starts_with(' ')) text.remove_prefix(1);
  } while (!text.empty());
  return total;
}

}  // namespace

std::optional<bool> parse_switch(std::string_view text) {
  if (equals_ignoring_case(text, "on")) return true;
  if (equals_ignoring_case(text, "off")) return false;
  return std::nullopt;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  return parse_unsigned(text, largest);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  const char unit = text.empty() ? ' ' : to_lower(text.back());
  if (unit == 'k') return scaled(text.substr(0, text.size() - 1), 1024);
  if (unit == 'm') return scaled(text.substr(0, text.size() - 1), 1 << 20);
  return parse_number(text);
}

std::optional<std::uint64_t> parse_offset(std::string_view text) {
  if (!text.empty() && to_lower(text.back()) == 'g') {
    return scaled(text.substr(0, text.size() - 1), 1 << 30);
  }
  return parse_size(text);
}

std::optional<Duration> parse_milliseconds(std::string_view text) {
  return parse_time(text, true);
}

std::optional<Duration> parse_seconds(std::string_view text) {
  return parse_time(text, false);
}

}  // namespace baton::config::nginx
