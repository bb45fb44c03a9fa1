// The error log in nginx's format, one write() per line, from any thread:
//
//   2026/11/22 21:00:00 [error] PID#TID: *CONNECTION message, client: ..., server: ..., ...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "config/model/proxy.h"
#include "proxy/logs/log_files.h"
#include "proxy/request.h"

namespace baton::proxy {

class ErrorLog final : public Log {
 public:
  // Both must outlive it. Lines that belong to no location go to the error logs of the main
  // context; without any, to stderr from `error` on.
  ErrorLog(const config::Proxy& config, const LogFiles& files);

  void write(LogLevel level, std::string_view line) override { write_main(level, 0, line); }
  [[nodiscard]] bool enabled(LogLevel level) const override { return level <= main_level_; }

  // A line about connection `connection`, with no request yet.
  void write_main(LogLevel level, std::uint64_t connection, std::string_view line);

  // True when a line of `level` about the request would be written.
  [[nodiscard]] bool enabled(LogLevel level, const Request& request) const;
  // A line about a request, with nginx's ending. `action` is what was being done ("connecting to
  // upstream"), `upstream` the URL that was asked ("http://10.0.0.1:80/path"); both may be empty.
  void write(LogLevel level, const Request& request, std::string_view message,
             std::string_view action = {}, std::string_view upstream = {});

 private:
  void write_to(const std::vector<config::ErrorLog>& logs, LogLevel level, std::uint64_t connection,
                std::string_view text);

  const LogFiles& files_;
  std::vector<config::ErrorLog> main_;
  LogLevel main_level_ = LogLevel::emergency;  // the most talkative of main_
};

// nginx's name of a level: "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug".
std::string_view level_name(LogLevel level);

}  // namespace baton::proxy
