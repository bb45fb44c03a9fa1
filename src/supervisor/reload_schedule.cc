// Reading the time, and noticing that the file is another one.

#include "supervisor/reload_schedule.h"

#include <array>
#include <ctime>
#include <fstream>

#include "base/text.h"

namespace baton::supervisor {

namespace {

std::optional<int> number(std::string_view text, std::size_t digits, int low, int high) {
  if (text.size() != digits) return std::nullopt;
  const auto value = parse_unsigned(text, static_cast<std::uint64_t>(high));
  if (!value || static_cast<int>(*value) < low) return std::nullopt;
  return static_cast<int>(*value);
}

bool parse_clock(std::string_view text, std::tm& time) {
  const auto parts = split(text, ':');
  if (parts.size() != 3) return false;
  const auto hour = number(parts[0], 2, 0, 23);
  const auto minute = number(parts[1], 2, 0, 59);
  const auto second = number(parts[2], 2, 0, 60);
  if (!hour || !minute || !second) return false;
  time.tm_hour = *hour;
  time.tm_min = *minute;
  time.tm_sec = *second;
  return true;
}

bool parse_date(std::string_view text, std::tm& time) {
  const auto parts = split(text, '-');
  if (parts.size() != 3) return false;
  const auto year =
      parts[0].size() == 2 ? number(parts[0], 2, 0, 99) : number(parts[0], 4, 1970, 9999);
  const auto month = number(parts[1], 2, 1, 12);
  const auto day = number(parts[2], 2, 1, 31);
  if (!year || !month || !day) return false;
  time.tm_year = *year < 100 ? *year + 100 : *year - 1900;
  time.tm_mon = *month - 1;
  time.tm_mday = *day;
  return true;
}

std::time_t seconds_of(std::tm time, bool is_utc) {
  time.tm_isdst = -1;
  return is_utc ? ::timegm(&time) : ::mktime(&time);
}

std::time_t seconds_of(WallTime time) {
  return std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
}

bool same(const struct stat& a, const struct stat& b) {
  return a.st_ino == b.st_ino && a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace

std::optional<WallTime> parse_reload_time(std::string_view text, WallTime now) {
  const bool is_utc = text.ends_with('Z');
  if (is_utc) text.remove_suffix(1);
  const std::time_t present = seconds_of(now);
  std::tm time{};
  is_utc ? ::gmtime_r(&present, &time) : ::localtime_r(&present, &time);
  const std::size_t blank = text.find(' ');
  const bool has_date = blank != std::string_view::npos;
  if (has_date && !parse_date(text.substr(0, blank), time)) return std::nullopt;
  if (!parse_clock(has_date ? text.substr(blank + 1) : text, time)) return std::nullopt;
  std::time_t at = seconds_of(time, is_utc);
  if (!has_date && at <= present) {
    ++time.tm_mday;  // a day may have 23 or 25 hours
    at = seconds_of(time, is_utc);
  }
  return WallTime(std::chrono::seconds(at));
}

bool ReloadSchedule::is_due(const std::string& path, WallTime now) {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) {
    if (at_ && !path_.empty()) log_.write(LogLevel::info, "the scheduled reload is cancelled");
    seen_.reset();
    at_.reset();
    return false;
  }
  if (path != path_ || !seen_ || !same(*seen_, status)) {
    path_ = path;
    seen_ = status;
    read(path, now);
  }
  if (!at_ || now < *at_) return false;
  at_.reset();
  seen_.reset();  // without a date it is due again tomorrow, if the file stays
  return true;
}

void ReloadSchedule::read(const std::string& path, WallTime now) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  at_ = parse_reload_time(line, now);
  if (!at_) {
    log_.print(LogLevel::error,
               "{}: '{}' is no time: HH:MM:SS or YYYY-MM-DD HH:MM:SS, with Z for UTC", path,
               printable(line.substr(0, 64)));
    return;
  }
  const std::time_t seconds = seconds_of(*at_);
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
  if (*at_ <= now) {
    log_.print(LogLevel::info, "{}: {} is in the past, no reload is scheduled", path, text.data());
    at_.reset();
  } else {
    log_.print(LogLevel::info, "Scheduling reload at {}", text.data());
  }
}

}  // namespace baton::supervisor
