// Files with a number in them, and word of their changes (inotify). Folders are watched, not files:
// a file may come later, go, or be replaced by renaming another one over it.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/fd.h"

namespace baton::linux {

class FileEvents {
 public:
  static Result<FileEvents> open();

  // The number by which read() names the folder; the same for the same folder.
  Result<int> watch(const std::string& folder);
  void unwatch(int folder);
  // Gives the descriptor away to be watched; watch() and read() go on with it.
  runtime::Fd release() { return std::move(fd_); }
  // Hands every file that was written, moved or removed to `visit`. With an empty name: changes
  // were lost, or the folder itself is gone.
  void read(const std::function<void(int folder, std::string_view name)>& visit);

 private:
  explicit FileEvents(runtime::Fd fd) : fd_(std::move(fd)), watched_(fd_.get()) {}
  runtime::Fd fd_;
  int watched_;
};

// The number at the beginning of a regular file; 0 when it begins with something else. Numbers that
// are too great are the greatest. An error when it is not there or cannot be read.
Result<int> read_number(const std::string& path);
// Writes `number` and a newline to a file that is made if need be; `overwrite` false: only if it is
// not there yet.
Status write_number(const std::string& path, int number, bool overwrite);

}  // namespace baton::linux
