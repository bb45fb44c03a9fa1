// Access logs whose path has variables in it: opened when a line needs them, and kept open as far
// as `open_log_file_cache` says. One thread's.
#pragma once

#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/time.h"
#include "config/model/logs.h"
#include "runtime/fd.h"

namespace baton::proxy {

class NamedLogFiles {
 public:
  // A descriptor to append to `path`; -1 with errno when it cannot be opened. Good until release().
  // `cache` null: nothing is kept.
  int open(const std::string& path, const config::LogFileCache* cache, Instant now);
  void release() { passing_.reset(); }
  void close_all();
  [[nodiscard]] std::size_t count() const { return files_.size(); }

 private:
  struct File {
    std::string path;
    runtime::Fd fd;
    Instant used{};
    Instant checked{};
    std::uint32_t uses = 0;
  };
  void drop_old(const config::LogFileCache& cache, Instant now);

  std::list<File> files_;                                                    // the last used first
  std::unordered_map<std::string_view, std::list<File>::iterator> by_path_;  // views of File::path
  runtime::Fd passing_;  // without a cache, or below min_uses
};

}  // namespace baton::proxy
