// Pid files, and the lock that makes an instance the only one of its kind.
//
// A pid file left behind by a crash must never prevent a start (keepalived refuses then), and a
// second instance must never start beside a living one: so what counts is a record lock (fcntl) on
// the file, which the kernel drops with the process; the number inside is for people and scripts.
// These take a pid file that is there for a program that serves: until the start is done, what is
// locked is a file beside it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/result.h"
#include "runtime/fd.h"

namespace baton::supervisor {

// A pid file that this process holds locked. Removed when the object dies, if it is still ours: one
// that was there before (perhaps of a program that does not lock) stays until write().
class PidLock {
 public:
  PidLock() = default;
  // Locks the file, or PATH.starting where there is none yet; write() writes the number and gives
  // the file its name. Unavailable when another process holds it.
  static Result<PidLock> acquire(const std::string& path);
  PidLock(PidLock&& other) noexcept = default;
  PidLock& operator=(PidLock&& other) noexcept;
  ~PidLock();

  Status write(pid_t pid);
  // Gives the file another name; it stays locked and ours.
  Status rename(const std::string& path);
  [[nodiscard]] const std::string& path() const { return path_; }
  // For a forked child: forget the file without removing it.
  void forget();

 private:
  std::string path_;
  std::string final_path_;
  runtime::Fd fd_;
  bool ours_ = false;
};

// Writes "PID\n" so that a reader sees the old or the new number, never half of one.
Status write_pid_file(const std::string& path, pid_t pid);
// Removes the file if it still names `pid`.
void remove_pid_file(const std::string& path, pid_t pid);
// The number in a pid file; nothing when it is missing or holds none.
std::optional<pid_t> read_pid_file(const std::string& path);
// The process that holds the lock of a pid file, if any.
std::optional<pid_t> lock_holder(const std::string& path);

}  // namespace baton::supervisor
