// Two forms of one line.

#include "supervisor/start_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "supervisor/logs.h"

namespace baton::supervisor {

StartLog::StartLog(const std::string& path) : is_stderr_(path.empty()) {
  if (is_stderr_) return;
  file_ = runtime::Fd(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
  if (file_) return;
  fmt::print(stderr,
             "nginx: [alert] could not open error log file: open() \"{}\" failed ({}: {})\n", path,
             errno, std::strerror(errno));
  is_stderr_ = true;
}

void StartLog::write(LogLevel level, std::string_view line) {
  if (!enabled(level)) return;
  const int fd = is_stderr_ ? STDERR_FILENO : file_.get();
  StreamLog(fd, LineStyle::nginx, "nginx", LogLevel::notice).write(level, line);
  if (!is_stderr_) ConsoleLog().write(level, line);
}

void StartLog::write_to_file(const std::vector<std::pair<LogLevel, std::string>>& lines) {
  if (is_stderr_) return;
  StreamLog log(file_.get(), LineStyle::nginx, "nginx", LogLevel::warning);
  for (const auto& [level, line] : lines) log.write(level, line);
}

void ConsoleLog::write(LogLevel level, std::string_view line) {
  if (enabled(level)) fmt::print(stderr, "nginx: [{}] {}\n", level_word(level), line);
}

}  // namespace baton::supervisor
