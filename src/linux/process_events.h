// The processes of this machine: who is there (/proc), and word of those that come, go and change
// (the kernel's process connector, <linux/cn_proc.h>).
//
// The connector needs CAP_NET_ADMIN in the first user namespace and the first network namespace; in
// others, so in most containers, open() fails and one has to look through /proc again and again.
#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/fd.h"

namespace baton::linux {

struct ProcessEvent {
  enum class Kind : std::uint8_t {
    forked,   // `pid` is new, a copy of `parent`
    changed,  // `pid` executes another program or has another name
    ended,    // `pid`
    lost,     // events were lost
  };
  Kind kind = Kind::lost;
  pid_t pid = 0;
  pid_t parent = 0;
};

class ProcessEvents {
 public:
  static Result<ProcessEvents> open();

  runtime::Fd release() { return std::move(fd_); }
  // Hands up to `most` events that wait to `visit`; true when none is left.
  bool read(const std::function<void(const ProcessEvent&)>& visit, int most);

 private:
  explicit ProcessEvents(runtime::Fd fd) : fd_(std::move(fd)), watched_(fd_.get()) {}
  runtime::Fd fd_;
  int watched_;
};

struct ProcessNames {
  std::string comm;                    // the kernel's name, at most 15 bytes
  std::vector<std::string> arguments;  // of the command line, its [0] too; only when asked for
};

// Process ids; without threads.
std::vector<pid_t> all_processes();
// Nothing when there is no such process, or it has ended and waits for its parent.
std::optional<ProcessNames> read_process(pid_t pid, bool with_arguments);

}  // namespace baton::linux
