// Where the supervisor and the failover process write their lines, in the manner that the name
// under which baton was started promises: nginx's error_log format, keepalived's syslog idents or
// its console format, and for `baton run` one format for all on stderr.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "config/model/logs.h"
#include "runtime/fd.h"
#include "runtime/syslog_socket.h"

namespace baton::supervisor {

enum class LineStyle : std::uint8_t {
  nginx,    // 2026/11/22 22:00:00 [notice] 71#71: text
  console,  // Sun Nov 22 22:00:00 2026: text
  baton,    // 2026/11/22 22:00:00 Keepalived_vrrp[71]: text
  bare,     // text
};

// Lines to a descriptor, one write each.
class StreamLog : public Log {
 public:
  StreamLog(int fd, LineStyle style, std::string ident, LogLevel level)
      : fd_(fd), style_(style), ident_(std::move(ident)), level_(level) {}
  void write(LogLevel level, std::string_view line) override;
  [[nodiscard]] bool enabled(LogLevel level) const override { return level <= level_; }
  [[nodiscard]] int fd() const { return fd_; }

 protected:
  int fd_;

 private:
  LineStyle style_;
  std::string ident_;
  LogLevel level_;
};

// Lines to a file that can be opened anew after it was moved away.
class FileLog : public StreamLog {
 public:
  FileLog(std::string path, LineStyle style, std::string ident, LogLevel level);
  // Keeps writing to the old file when the new one cannot be opened.
  Status reopen();

 private:
  std::string path_;
  runtime::Fd file_;
};

// Lines to syslog(3). The ident is the process's: one SyslogLog a process.
class SyslogLog : public Log {
 public:
  SyslogLog(std::string ident, int facility, LogLevel level);
  void write(LogLevel level, std::string_view line) override;
  [[nodiscard]] bool enabled(LogLevel level) const override { return level <= level_; }

 private:
  std::string ident_;
  LogLevel level_;
};

// nginx's lines to a syslog server ("error_log syslog:server=...").
class SyslogServerLog : public Log {
 public:
  SyslogServerLog(config::SyslogTarget target, LogLevel level)
      : target_(std::move(target)), level_(level), socket_(target_.endpoint, target_.unix_path) {}
  void write(LogLevel level, std::string_view line) override;
  [[nodiscard]] bool enabled(LogLevel level) const override { return level <= level_; }

 private:
  config::SyslogTarget target_;
  LogLevel level_;
  runtime::SyslogSocket socket_;
};

// Every line to each of several logs.
class TeeLog : public Log {
 public:
  void add(std::unique_ptr<Log> log) { logs_.push_back(std::move(log)); }
  void write(LogLevel level, std::string_view line) override;
  [[nodiscard]] bool enabled(LogLevel level) const override;
  bool flush() override;
  // From now on to the logs of `other`.
  void become(TeeLog& other) { logs_ = std::move(other.logs_); }
  [[nodiscard]] const std::vector<std::unique_ptr<Log>>& logs() const { return logs_; }

 private:
  std::vector<std::unique_ptr<Log>> logs_;
};

// A whole line in one of the styles, with its line end.
std::string format_line(LineStyle style, const std::string& ident, LogLevel level,
                        std::string_view line);

// nginx's word for a level: "emerg", "alert", "crit", "error", "warn", "notice", "info", "debug".
std::string_view level_word(LogLevel level);

}  // namespace baton::supervisor
