// Going into the background. The command that was typed waits until the tree serves (or cannot)
// and tells so by its exit code: a pid file is there when it returns, as scripts expect.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/fd.h"

namespace baton::supervisor {

class Daemon {
 public:
  // Stays in the foreground: the functions below then do nothing.
  Daemon() = default;
  // Forks; the parent does not come back but ends with the code that the child reports, after
  // writing what the child had to say to stderr. The child has a session of its own.
  static Result<Daemon> detach();

  // The start has succeeded: the parent ends with 0, stdin, stdout (and stderr, unless kept) become
  // /dev/null.
  void started(bool keep_stderr);
  // The start has failed: the parent ends with `code`. What was said on stderr has been said.
  void failed(int code);

 private:
  runtime::Fd report_;
};

}  // namespace baton::supervisor
