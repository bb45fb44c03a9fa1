// pidfd and waitid.

#include "runtime/child.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

// Without it in glibc 2.36.
extern "C" {
#include <sys/pidfd.h>
}

#include <cerrno>

namespace baton::runtime {

namespace {

constexpr idtype_t id_of_pidfd = static_cast<idtype_t>(3);  // P_PIDFD

struct Reap {
  static constexpr Direction direction = Direction::read;
  using Value = ExitStatus;
  std::optional<Result<ExitStatus>> attempt(Source& source) {
    siginfo_t info{};
    if (::waitid(id_of_pidfd, static_cast<id_t>(source.fd()), &info, WEXITED | WNOHANG) != 0) {
      return Result<ExitStatus>(fail_errno(errno, "waitid"));
    }
    if (info.si_pid == 0) {
      source.clear_ready(Direction::read);
      return std::nullopt;
    }
    return Result<ExitStatus>(ExitStatus{info.si_code != CLD_EXITED, info.si_status});
  }
};

}  // namespace

Result<std::unique_ptr<Child>> Child::watch(Loop& loop, pid_t pid) {
  Fd fd(::pidfd_open(pid, 0));
  if (!fd) return fail_errno(errno, "pidfd_open");
  return std::unique_ptr<Child>(new Child(loop, std::move(fd), pid));
}

Task<Result<ExitStatus>> Child::ended(Instant deadline) {
  Wait<Reap> wait(source_, deadline, {});
  co_return co_await wait;
}

bool Child::signal(int number) const {
  return ::pidfd_send_signal(source_.fd(), number, nullptr, 0) == 0;
}

void Child::signal_group(int number) const {
  ::kill(-pid_, number);
}

}  // namespace baton::runtime
