// Keeping lines, and asking before writing.

#include "supervisor/patient_logs.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/loop.h"

namespace baton::supervisor {

void PatientLog::write(LogLevel level, std::string_view line) {
  if (!enabled(level)) return;
  std::string text = format(level, line);
  if (flush() && try_write(text)) return;
  if (waiting_.size() >= lines_max) {
    ++lost_;
    return;
  }
  waiting_.push_back(std::move(text));
}

bool PatientLog::flush() {
  while (!waiting_.empty()) {
    if (!try_write(waiting_.front())) return false;
    waiting_.pop_front();
  }
  if (lost_ == 0) return true;
  const bool told = try_write(format(
      LogLevel::warning, fmt::format("{} lines were lost: the log did not take them", lost_)));
  if (told) lost_ = 0;
  return told;
}

std::string PatientStreamLog::format(LogLevel level, std::string_view line) const {
  return format_line(style_, ident_, level, line);
}

// The descriptor is shared with others, so it stays as blocking as it is. What a pipe or a socket
// that can be written to takes at once is more than a line.
bool PatientStreamLog::try_write(const std::string& text) {
  pollfd state{fd_, POLLOUT, 0};
  if (::poll(&state, 1, 0) == 0) return false;
  // A full disk or a closed terminal must not stop the process, and there is nobody to be told.
  static_cast<void>(::write(fd_, text.data(), text.size()));
  return true;
}

PatientSyslogLog::PatientSyslogLog(std::string ident, int facility, LogLevel level,
                                   std::string path)
    : PatientLog(level),
      ident_(std::move(ident)),
      facility_(facility),
      socket_(net::Endpoint{}, std::move(path)) {}

std::string PatientSyslogLog::format(LogLevel level, std::string_view line) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(runtime::wall_now());
  return runtime::syslog_header(facility_ | static_cast<int>(level), now.time_since_epoch().count(),
                                "", fmt::format("{}[{}]", ident_, ::getpid())) +
         std::string(line);
}

// Without a daemon lines go nowhere, as syslog(3)'s do.
bool PatientSyslogLog::try_write(const std::string& text) {
  return socket_.send(text) != EAGAIN;
}

}  // namespace baton::supervisor
