// Making and writing lines.

#include "proxy/logs/error_log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "proxy/logs/log_time.h"
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

std::string made_line(LogLevel level, std::uint64_t connection, std::string_view text,
                      WallTime now) {
  std::string line;
  line.reserve(256);
  fmt::format_to(std::back_inserter(line), "{} [{}] {}#{}: ", log_time(now).error_log,
                 level_name(level), ::getpid(), ::gettid());
  if (connection != 0) fmt::format_to(std::back_inserter(line), "*{} ", connection);
  append_harmless(line, text);
  line.resize(std::min(line.size(), line_bytes_max - 1));
  return line;
}

void append_quoted(std::string& into, std::string_view label, std::string_view value) {
  if (value.empty()) return;
  fmt::format_to(std::back_inserter(into), ", {}: \"{}\"", label, value);
}

// A line that was sent is shown even if it says nothing.
void append_header_line(std::string& into, std::string_view label, const Request& request,
                        http::HeaderId id) {
  const http::Header* line = request.head.headers.find(id);
  if (line) fmt::format_to(std::back_inserter(into), ", {}: \"{}\"", label, line->value);
}

// Before a location is known, what the server says counts.
const std::vector<config::ErrorLog>& logs_of(const Request& request,
                                             const std::vector<config::ErrorLog>& main) {
  const auto* location = request.location;
  if (!location && request.server) location = &request.server->locations[0];
  return location && location->error_logs ? *location->error_logs : main;
}

}  // namespace

std::string_view level_name(LogLevel level) {
  static constexpr std::array<std::string_view, 8> names = {"emerg", "alert",  "crit", "error",
                                                            "warn",  "notice", "info", "debug"};
  return names[static_cast<std::size_t>(level)];
}

ErrorLog::ErrorLog(const config::Proxy& config, const LogFiles& files)
    : files_(files), main_(config.error_logs) {
  if (main_.empty()) main_.push_back({"stderr", LogLevel::error, nullptr});
  for (const config::ErrorLog& log : main_) main_level_ = std::max(main_level_, log.level);
}

void ErrorLog::write_to(const std::vector<config::ErrorLog>& logs, LogLevel level,
                        std::uint64_t connection, std::string_view text) {
  const WallTime now = runtime::wall_now();
  std::string line = made_line(level, connection, text, now);
  for (const config::ErrorLog& log : logs) {
    if (level > log.level) continue;
    if (log.syslog) {
      const auto& target = *log.syslog;
      auto* const socket = files_.syslog(target);
      if (!socket) continue;
      const std::int64_t seconds =
          std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
      static_cast<void>(socket->send(
          runtime::syslog_header(target.facility * 8 + static_cast<int>(level), seconds,
                                 target.host_name ? runtime::syslog_host_name() : std::string(),
                                 target.tag) +
          line));
      continue;
    }
    const int descriptor = files_.descriptor(log.path);
    if (descriptor < 0) continue;
    line += '\n';
    [[maybe_unused]] const ssize_t ignored = ::write(descriptor, line.data(), line.size());
    line.pop_back();
  }
}

void ErrorLog::write_main(LogLevel level, std::uint64_t connection, std::string_view line) {
  if (level <= main_level_) write_to(main_, level, connection, line);
}

bool ErrorLog::enabled(LogLevel level, const Request& request) const {
  return std::ranges::any_of(logs_of(request, main_),
                             [level](const auto& log) { return level <= log.level; });
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
  append_header_line(line, "host", request, http::HeaderId::host);
  append_header_line(line, "referrer", request, http::HeaderId::referer);
  const std::uint64_t connection = request.client ? request.client->number : 0;
  write_to(logs_of(request, main_), level, connection, line);
}

}  // namespace baton::proxy
