// System calls that baton uses and Debian 12's valgrind (3.19) does not know, made of older ones:
// preloaded into baton while callgrind counts its instructions (parts/instructions.py), and used
// for nothing else.
//
// A pidfd becomes an eventfd that a thread makes readable when the process has ended; what is asked
// of it afterwards is asked of the process by its number.

#include <dlfcn.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

namespace {

constexpr idtype_t id_of_pidfd = static_cast<idtype_t>(3);  // P_PIDFD
constexpr std::size_t descriptors_max = 1024;
std::array<pid_t, descriptors_max> pid_behind{};

using WaitId = int (*)(idtype_t, id_t, siginfo_t*, int);

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

pid_t pid_of(long descriptor) {
  const bool known = descriptor >= 0 && descriptor < static_cast<long>(descriptors_max);
  return known ? pid_behind[static_cast<std::size_t>(descriptor)] : 0;
}

long open_pidfd(pid_t pid) {
  const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0 || fd >= static_cast<int>(descriptors_max)) return -1;
  pid_behind[static_cast<std::size_t>(fd)] = pid;
  std::thread([pid, fd] {
    siginfo_t info{};
    while (next<WaitId>("waitid")(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 &&
           errno == EINTR) {
    }
    ::eventfd_write(fd, 1);
  }).detach();
  return fd;
}

}  // namespace

extern "C" {

int epoll_pwait2(int epoll, epoll_event* events, int count, const timespec* timeout,
                 const sigset_t* mask) {
  int timeout_ms = -1;
  if (timeout)
    timeout_ms =
        static_cast<int>(timeout->tv_sec * 1000 + (timeout->tv_nsec + 999'999) / 1'000'000);
  return ::epoll_pwait(epoll, events, count, timeout_ms, mask);
}

int waitid(idtype_t kind, id_t id, siginfo_t* info, int options) {
  static const auto real = next<WaitId>("waitid");
  if (kind != id_of_pidfd) return real(kind, id, info, options);
  return real(P_PID, static_cast<id_t>(pid_of(static_cast<long>(id))), info, options);
}

int pidfd_open(pid_t pid, unsigned int) {
  return open_pidfd(pid);
}

int pidfd_send_signal(int descriptor, int number, siginfo_t*, unsigned int) {
  return ::kill(pid_of(descriptor), number);
}

}  // extern "C"
