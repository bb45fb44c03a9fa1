// Making and writing lines.

#include "proxy/error_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "proxy/log_time.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

// As nginx: longer lines are cut.
constexpr std::size_t line_bytes_max = 2048;

// What clients send must not forge lines or drive a terminal.
void append_harmless(std::string& into, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      fmt::format_to(std::back_inserter(into), "\\x{:02X}", byte);
    } else {
      into += c;
    }
  }
}

void write_line(int descriptor, LogLevel level, std::uint64_t connection, std::string_view text) {
  std::string line;
  line.reserve(256);
  fmt::format_to(std::back_inserter(line),
                 "{} [{}] {}#{}: ", log_time(runtime::wall_now()).error_log, level_name(level),
                 ::getpid(), ::gettid());
  if (connection != 0) fmt::format_to(std::back_inserter(line), "*{} ", connection);
  append_harmless(line, text);
  line.resize(std::min(line.size(), line_bytes_max - 1));
  line += '\n';
  [[maybe_unused]] const ssize_t ignored = ::write(descriptor, line.data(), line.size());
}

void append_quoted(std::string& into, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(into), ", {}: \"{}\"", label, value);
}

}  // namespace

std::string_view level_name(LogLevel level) {
  static constexpr std::array<std::string_view, 8> names = {"emerg", "alert",  "crit", "error",
                                                            "warn",  "notice", "info", "debug"};
  return names[static_cast<std::size_t>(level)];
}

ErrorLog::ErrorLog(const config::Proxy& config, const LogFiles& files) : files_(files) {
  for (const auto& log : config.error_logs) {
    const int descriptor = files.descriptor(log.path);
    if (descriptor >= 0) main_.push_back({descriptor, log.level});
  }
  if (main_.empty()) main_.push_back({STDERR_FILENO, LogLevel::error});
  for (const Target& target : main_) main_level_ = std::max(main_level_, target.level);
}

void ErrorLog::write_main(LogLevel level, std::uint64_t connection, std::string_view line) {
  for (const Target& target : main_) {
    if (level <= target.level) write_line(target.descriptor, level, connection, line);
  }
}

bool ErrorLog::enabled(LogLevel level, const Request& request) const {
  const auto* location = request.location;
  if (!location || location->error_log.path.empty()) return enabled(level);
  return level <= location->error_log.level;
}

void ErrorLog::write(LogLevel level, const Request& request, std::string_view message,
                     std::string_view action, std::string_view upstream) {
  if (!enabled(level, request)) return;
  std::string line(message);
  if (!action.empty()) fmt::format_to(std::back_inserter(line), " while {}", action);
  if (request.client) line.append(", client: ").append(request.client->client_text);
  if (request.server) line.append(", server: ").append(request.server->primary_name);
  append_quoted(line, "request", request.head.line);
  append_quoted(line, "upstream", upstream);
  append_quoted(line, "host", request.head.headers.value(http::HeaderId::host));
  append_quoted(line, "referrer", request.head.headers.value(http::HeaderId::referer));
  const std::uint64_t connection = request.client ? request.client->number : 0;
  const auto* location = request.location;
  const int descriptor = location && !location->error_log.path.empty()
                             ? files_.descriptor(location->error_log.path)
                             : -1;
  if (descriptor < 0) {
    write_main(level, connection, line);
  } else {
    write_line(descriptor, level, connection, line);
  }
}

}  // namespace baton::proxy
