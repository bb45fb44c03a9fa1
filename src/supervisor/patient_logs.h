// Logs of a process that must never wait for whoever reads them: the failover process writes
// hundreds of lines when many instances move, and a log daemon that is slow, or hangs, would hold
// up the takeover. What cannot be written at once is kept, in order, and tried again with flush();
// when too much waits, lines are lost and counted, and the log says how many.
#pragma once

#include <deque>
#include <string>

#include "supervisor/logs.h"

namespace baton::supervisor {

class PatientLog : public Log {
 public:
  static constexpr std::size_t lines_max = 16384;  // that wait

  explicit PatientLog(LogLevel level) : level_(level) {}
  void write(LogLevel level, std::string_view line) override;
  [[nodiscard]] bool enabled(LogLevel level) const override { return level <= level_; }
  bool flush() override;
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }

 protected:
  // As it is to be written later, with the present time.
  [[nodiscard]] virtual std::string format(LogLevel level, std::string_view line) const = 0;
  // False when it would have to wait.
  virtual bool try_write(const std::string& text) = 0;

 private:
  LogLevel level_;
  std::deque<std::string> waiting_;
  std::uint64_t lost_ = 0;
};

// Lines to a terminal, a pipe or the socket of a service manager.
class PatientStreamLog final : public PatientLog {
 public:
  PatientStreamLog(int fd, LineStyle style, std::string ident, LogLevel level)
      : PatientLog(level), fd_(fd), style_(style), ident_(std::move(ident)) {}
  ~PatientStreamLog() override { flush(); }

 private:
  [[nodiscard]] std::string format(LogLevel level, std::string_view line) const override;
  bool try_write(const std::string& text) override;

  int fd_;
  LineStyle style_;
  std::string ident_;
};

// Lines to the machine's syslog, in the form of syslog(3).
class PatientSyslogLog final : public PatientLog {
 public:
  // `facility` as in syslog.h; `path` is another socket than the machine's, for tests.
  PatientSyslogLog(std::string ident, int facility, LogLevel level, std::string path = "/dev/log");
  ~PatientSyslogLog() override { flush(); }

 private:
  [[nodiscard]] std::string format(LogLevel level, std::string_view line) const override;
  bool try_write(const std::string& text) override;

  std::string ident_;
  int facility_;
  runtime::SyslogSocket socket_;
};

}  // namespace baton::supervisor
