// Signals as ordinary input of a loop (signalfd). Blocked signals are inherited by threads and
// children: make this before starting threads, and call unblock_all() in a child before exec.
#pragma once

#include <initializer_list>
#include <memory>

#include "base/result.h"
#include "runtime/source.h"
#include "runtime/task.h"

namespace baton::runtime {

struct Signal {
  int number = 0;
  int sender_pid = 0;
};

class Signals {
 public:
  // Blocks `numbers` in the calling thread and receives them here from now on.
  static Result<std::unique_ptr<Signals>> create(Loop& loop, std::initializer_list<int> numbers);
  // The next signal, or `cancelled`.
  Task<Result<Signal>> next();

 private:
  Signals(Loop& loop, Fd fd) : source_(loop, std::move(fd)) {}
  Source source_;
};

// Undoes all blocking in the calling thread, for a child that will execute another program.
void unblock_all_signals();

}  // namespace baton::runtime
