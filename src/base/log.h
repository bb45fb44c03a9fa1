// Where log lines go, as an interface: the proxy writes nginx's error_log format, the failover
// process keepalived's syslog lines, tests keep them in memory. Levels are syslog's.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace baton {

enum class LogLevel : std::uint8_t {
  emergency,
  alert,
  critical,
  error,
  warning,
  notice,
  info,
  debug
};

class Log {
 public:
  virtual ~Log() = default;

  // One line without its line end. May be called from any thread.
  virtual void write(LogLevel level, std::string_view line) = 0;
  // False when a line of `level` would be thrown away, so that it need not be made.
  [[nodiscard]] virtual bool enabled(LogLevel level) const = 0;
  // Tries again to write what had to wait, where that can be; false when something still waits.
  virtual bool flush() { return true; }

  template <typename... Args>
  void print(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }
};

// Keeps lines for tests to look at.
class MemoryLog : public Log {
 public:
  void write(LogLevel, std::string_view line) override { lines.emplace_back(line); }
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
  [[nodiscard]] bool contains(std::string_view part) const {
    for (const auto& line : lines) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }
  std::vector<std::string> lines;
};

}  // namespace baton
