// Time as values. Instant is monotonic (for deadlines), WallTime is the calendar's (for logs).
// Pure code takes `now` as a parameter; only runtime/ reads the real clocks.
#pragma once

#include <chrono>
#include <cstdint>

namespace baton {

using Duration = std::chrono::nanoseconds;

// Tag clock without now(): it cannot be asked, only passed on.
struct MonotonicTag {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicTag, Duration>;
  static constexpr bool is_steady = true;
};

using Instant = MonotonicTag::time_point;
using WallTime = std::chrono::sys_time<Duration>;

// No deadline: later than every Instant that a clock gives.
inline constexpr Instant never = Instant::max();

using namespace std::chrono_literals;

constexpr double to_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}
constexpr std::int64_t to_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}
// Rounded to the nearest nanosecond.
constexpr Duration from_seconds(double seconds) {
  return Duration(static_cast<std::int64_t>(seconds * 1e9 + (seconds < 0 ? -0.5 : 0.5)));
}

}  // namespace baton
