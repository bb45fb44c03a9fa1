// One fork, one pipe that carries the exit code.

#include "supervisor/daemon.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace baton::supervisor {

namespace {

// The parent's rest of life. No byte at all means that the child died before it could tell.
[[noreturn]] void wait_for_report(const runtime::Fd& report) {
  unsigned char code = 1;
  ssize_t got = 0;
  do {
    got = ::read(report.get(), &code, 1);
  } while (got < 0 && errno == EINTR);
  ::_exit(got == 1 ? code : 1);
}

}  // namespace

Result<Daemon> Daemon::detach() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe");
  runtime::Fd read_end(ends[0]);
  runtime::Fd write_end(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid > 0) {
    write_end.reset();
    wait_for_report(read_end);
  }
  ::setsid();
  Daemon daemon;
  daemon.report_ = std::move(write_end);
  return daemon;
}

void Daemon::started(bool keep_stderr) {
  if (!report_) return;
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) {
    ::dup2(null, 0);
    ::dup2(null, 1);
    if (!keep_stderr) ::dup2(null, 2);
    ::close(null);
  }
  failed(0);
}

void Daemon::failed(int code) {
  if (!report_) return;
  const auto byte = static_cast<unsigned char>(code);
  static_cast<void>(::write(report_.get(), &byte, 1));
  report_.reset();
}

}  // namespace baton::supervisor
