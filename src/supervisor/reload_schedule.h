// reload_time_file of keepalived.conf: a file whose first line is the time of the next reload, so
// that all nodes can be made to reload at the same moment. The file is looked at once a second.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/time.h"

namespace baton::supervisor {

// "HH:MM:SS", "YY-MM-DD HH:MM:SS" or "YYYY-MM-DD HH:MM:SS", with a `Z` at the end in UTC, else in
// local time. A time without a date is the next such time after `now`. Null for anything else.
std::optional<WallTime> parse_reload_time(std::string_view text, WallTime now);

class ReloadSchedule {
 public:
  explicit ReloadSchedule(Log& log) : log_(log) {}

  // True when the time in the file at `path` has come since the last call. An empty path: never.
  bool is_due(const std::string& path, WallTime now);

 private:
  void read(const std::string& path, WallTime now);

  Log& log_;
  std::string path_;
  std::optional<struct stat> seen_;
  std::optional<WallTime> at_;
};

}  // namespace baton::supervisor
