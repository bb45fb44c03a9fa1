// Spelling the time, once a second and thread.

#include "proxy/logs/log_time.h"

#include <fmt/format.h>
#include <time.h>

#include <cstdlib>
#include <string_view>

namespace baton::proxy {

const LogTime& log_time(WallTime time) {
  thread_local LogTime cached;
  const std::int64_t second =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  if (cached.second == second) return cached;
  static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const time_t seconds = second;
  tm local{};
  ::localtime_r(&seconds, &local);
  const long zone_minutes = local.tm_gmtoff / 60;
  const char sign = zone_minutes < 0 ? '-' : '+';
  const long hours = std::labs(zone_minutes) / 60;
  const long minutes = std::labs(zone_minutes) % 60;
  const int year = local.tm_year + 1900;
  const int month = local.tm_mon + 1;
  const std::string clock =
      fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
  cached.second = second;
  cached.common = fmt::format("{:02}/{}/{}:{} {}{:02}{:02}", local.tm_mday,
                              months.substr(static_cast<std::size_t>(local.tm_mon) * 3, 3), year,
                              clock, sign, hours, minutes);
  cached.iso8601 = fmt::format("{}-{:02}-{:02}T{}{}{:02}:{:02}", year, month, local.tm_mday, clock,
                               sign, hours, minutes);
  cached.error_log = fmt::format("{}/{:02}/{:02} {}", year, month, local.tm_mday, clock);
  return cached;
}

}  // namespace baton::proxy
