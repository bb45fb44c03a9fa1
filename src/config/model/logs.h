// What is logged, and where to: files, stderr, syslog.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "config/model/template_text.h"
#include "net/address.h"

namespace baton::config {

struct LogFormat {
  std::string name;
  TemplateText text;
  enum class Escape : std::uint8_t { standard, json, none } escape = Escape::standard;
};

// "syslog:server=..." (RFC 3164).
struct SyslogTarget {
  net::Endpoint endpoint;
  std::string unix_path;               // instead of endpoint
  int facility = 23;                   // local7
  LogLevel severity = LogLevel::info;  // of access log lines; an error's own level otherwise
  std::string tag = "nginx";
  bool host_name = true;  // not nohostname
  friend bool operator==(const SyslogTarget&, const SyslogTarget&) = default;
};

struct AccessLog {
  std::string path;          // absolute; "/dev/stdout" and friends are ordinary paths
  std::uint32_t format = 0;  // index into Proxy::log_formats (0 is "combined")
  // Instead of `path`:
  std::shared_ptr<const SyslogTarget> syslog;
  std::optional<TemplateText> path_text;  // a path with variables
  std::optional<TemplateText> condition;  // if=: "" and "0" mean no line
  std::size_t buffer_bytes = 0;           // 0: lines are written soon after their request
  Duration flush_interval = 0s;           // of a buffer; 0: only when it is full
  int gzip_level = 0;                     // 0: as text
};

// Logs of one level and below. None at all: off.
using AccessLogs = std::vector<AccessLog>;

// open_log_file_cache, for paths with variables.
struct LogFileCache {
  std::size_t files_max = 0;
  Duration inactive = 10s;
  Duration valid = 60s;
  std::uint32_t uses_min = 1;
};

struct ErrorLog {
  std::string path;  // absolute, or "stderr"
  LogLevel level = LogLevel::error;
  std::shared_ptr<const SyslogTarget> syslog = nullptr;  // instead of `path`
};

}  // namespace baton::config
