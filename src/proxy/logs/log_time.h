// The calendar time of log lines in its three spellings, in the machine's time zone. Made once a
// second and thread: a line costs a copy.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"

namespace baton::proxy {

struct LogTime {
  std::int64_t second = -1;  // since 1970; which second the texts are of
  std::string common;        // $time_local: "22/Nov/2026:21:00:00 +0000"
  std::string iso8601;       // $time_iso8601: "2026-11-22T21:00:00+00:00"
  std::string error_log;     // "2026/11/22 21:00:00"
};

// Valid until the thread's next call.
const LogTime& log_time(WallTime time);

}  // namespace baton::proxy
