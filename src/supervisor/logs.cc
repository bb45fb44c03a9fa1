// Formatting and writing of log lines.

#include "supervisor/logs.h"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/loop.h"

namespace baton::supervisor {

namespace {

std::tm local_time() {
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(runtime::wall_now());
  const std::time_t seconds = now.time_since_epoch().count();
  std::tm result{};
  ::localtime_r(&seconds, &result);
  return result;
}

}  // namespace

std::string format_line(LineStyle style, const std::string& ident, LogLevel level,
                        std::string_view line) {
  const auto when = local_time();
  const auto pid = ::getpid();
  switch (style) {
    case LineStyle::nginx:
      return fmt::format("{:%Y/%m/%d %H:%M:%S} [{}] {}#{}: {}\n", when, level_word(level), pid, pid,
                         line);
    case LineStyle::console:
      return fmt::format("{:%a %b %e %H:%M:%S %Y}: {}\n", when, line);
    case LineStyle::baton:
      return fmt::format("{:%Y/%m/%d %H:%M:%S} {}[{}]: {}\n", when, ident, pid, line);
    case LineStyle::bare:
      break;
  }
  return fmt::format("{}\n", line);
}

std::string_view level_word(LogLevel level) {
  static constexpr std::string_view words[] = {"emerg", "alert",  "crit", "error",
                                               "warn",  "notice", "info", "debug"};
  return words[static_cast<std::size_t>(level)];
}

void StreamLog::write(LogLevel level, std::string_view line) {
  if (fd_ < 0 || !enabled(level)) return;
  const std::string text = format_line(style_, ident_, level, line);
  // A full disk or a closed terminal must not stop the tree, and there is nobody to be told.
  static_cast<void>(::write(fd_, text.data(), text.size()));
}

FileLog::FileLog(std::string path, LineStyle style, std::string ident, LogLevel level)
    : StreamLog(-1, style, std::move(ident), level), path_(std::move(path)) {
  static_cast<void>(reopen());
}

Status FileLog::reopen() {
  runtime::Fd fresh(::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (!fresh) return fail_errno(errno, "open of the log file");
  file_ = std::move(fresh);
  fd_ = file_.get();
  return {};
}

SyslogLog::SyslogLog(std::string ident, int facility, LogLevel level)
    : ident_(std::move(ident)), level_(level) {
  ::openlog(ident_.c_str(), LOG_PID | LOG_NDELAY, facility);
}

void SyslogLog::write(LogLevel level, std::string_view line) {
  if (!enabled(level)) return;
  ::syslog(static_cast<int>(level), "%.*s", static_cast<int>(line.size()), line.data());
}

void SyslogServerLog::write(LogLevel level, std::string_view line) {
  if (!enabled(level)) return;
  std::string text = format_line(LineStyle::nginx, "", level, line);
  text.pop_back();
  const auto now = std::chrono::floor<std::chrono::seconds>(runtime::wall_now());
  static_cast<void>(socket_.send(
      runtime::syslog_header(
          target_.facility * 8 + static_cast<int>(level), now.time_since_epoch().count(),
          target_.host_name ? runtime::syslog_host_name() : std::string(), target_.tag) +
      text));
}

void TeeLog::write(LogLevel level, std::string_view line) {
  for (const auto& log : logs_) log->write(level, line);
}

bool TeeLog::flush() {
  bool all = true;
  for (const auto& log : logs_) all &= log->flush();
  return all;
}

bool TeeLog::enabled(LogLevel level) const {
  for (const auto& log : logs_) {
    if (log->enabled(level)) return true;
  }
  return false;
}

}  // namespace baton::supervisor
