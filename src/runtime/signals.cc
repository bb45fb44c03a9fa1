// signalfd.

#include "runtime/signals.h"

#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

namespace baton::runtime {

namespace {

struct ReadSignal {
  static constexpr Direction direction = Direction::read;
  using Value = Signal;
  std::optional<Result<Signal>> attempt(Source& source) {
    signalfd_siginfo info;
    const ssize_t got = ::read(source.fd(), &info, sizeof info);
    if (got == static_cast<ssize_t>(sizeof info)) {
      return Result<Signal>(
          Signal{static_cast<int>(info.ssi_signo), static_cast<int>(info.ssi_pid)});
    }
    if (errno == EINTR) return attempt(source);
    source.clear_ready(Direction::read);
    return std::nullopt;
  }
};

}  // namespace

Result<std::unique_ptr<Signals>> Signals::create(Loop& loop, std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  if (const int failure = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); failure != 0) {
    return fail_errno(failure, "pthread_sigmask");
  }
  Fd fd(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd) return fail_errno(errno, "signalfd");
  return std::unique_ptr<Signals>(new Signals(loop, std::move(fd)));
}

Task<Result<Signal>> Signals::next() {
  Wait<ReadSignal> wait(source_, never, {});
  co_return co_await wait;
}

void unblock_all_signals() {
  sigset_t set;
  sigemptyset(&set);
  ::pthread_sigmask(SIG_SETMASK, &set, nullptr);
}

}  // namespace baton::runtime
