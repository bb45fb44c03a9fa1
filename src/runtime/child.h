// The end of a child process as an awaitable event (pidfd).
#pragma once

#include <sys/types.h>

#include <memory>

#include "base/result.h"
#include "runtime/source.h"
#include "runtime/task.h"

namespace baton::runtime {

struct ExitStatus {
  bool signalled = false;
  int code = 0;  // exit status, or the signal's number
};

class Child {
 public:
  // Watches `pid`, a child of this process that nobody else waits for.
  static Result<std::unique_ptr<Child>> watch(Loop& loop, pid_t pid);

  [[nodiscard]] pid_t pid() const { return pid_; }
  // Completes when the process has ended (and reaps it), or at the deadline.
  Task<Result<ExitStatus>> ended(Instant deadline = never);
  // Signals the process itself; safe against reuse of the pid. False when it is gone.
  bool signal(int number) const;
  // Signals the process group that the process leads.
  void signal_group(int number) const;

 private:
  Child(Loop& loop, Fd fd, pid_t pid) : source_(loop, std::move(fd)), pid_(pid) {}
  Source source_;
  pid_t pid_;
};

}  // namespace baton::runtime
