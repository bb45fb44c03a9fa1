// What nginx says before it serves: on stderr for whoever typed the command ("nginx: [emerg] ..."),
// and in the error log of `-e` for whoever looks later. Lines of `notice` and below are for the
// file only.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "runtime/fd.h"

namespace baton::supervisor {

class StartLog final : public Log {
 public:
  // `path` is made and appended to; empty: stderr is the log, and its lines have a log's form. One
  // that cannot be opened is told about and done without, as nginx does.
  explicit StartLog(const std::string& path);
  void write(LogLevel level, std::string_view line) override;
  // What stderr has got already.
  void write_to_file(const std::vector<std::pair<LogLevel, std::string>>& lines);
  [[nodiscard]] bool enabled(LogLevel level) const override { return level <= LogLevel::notice; }

 private:
  runtime::Fd file_;
  bool is_stderr_ = false;
};

// "nginx: [emerg] text" on stderr, for levels from `warn` up, until it is told to be quiet.
class ConsoleLog final : public Log {
 public:
  void write(LogLevel level, std::string_view line) override;
  [[nodiscard]] bool enabled(LogLevel level) const override {
    return !quiet_ && level <= LogLevel::warning;
  }
  void be_quiet(bool quiet) { quiet_ = quiet; }

 private:
  bool quiet_ = false;
};

}  // namespace baton::supervisor
