// Scheduling class, limits, locked memory, processors.

#include "supervisor/scheduling.h"

#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace baton::supervisor {

namespace {

// Any real-time priority goes before everything ordinary; the lowest gets in nobody's way.
constexpr int automatic_priority = 1;
// Where the real-time class is not permitted.
constexpr int automatic_nice = -10;

// Whoever computes for so long in the real-time class has gone wrong. It loses the class, not its
// life: it may be the only master.
void leave_realtime(int) {
  const sched_param ordinary{};
  ::sched_setscheduler(0, SCHED_OTHER, &ordinary);
}

bool enter_realtime(int priority, Duration longest) {
  struct sigaction action{};
  action.sa_handler = leave_realtime;
  ::sigaction(SIGXCPU, &action, nullptr);
  sigset_t unblocked;
  ::sigemptyset(&unblocked);
  ::sigaddset(&unblocked, SIGXCPU);
  ::sigprocmask(SIG_UNBLOCK, &unblocked, nullptr);
  const auto longest_us = std::chrono::duration_cast<std::chrono::microseconds>(longest).count();
  const rlimit limit{static_cast<rlim_t>(longest_us), RLIM_INFINITY};
  ::setrlimit(RLIMIT_RTTIME, &limit);
  const sched_param parameters{priority};
  return ::sched_setscheduler(0, SCHED_RR, &parameters) == 0;
}

// On fault: only what is used is locked, not all that the supervisor once mapped.
bool lock_memory() {
  const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
  // Where the limit stays, what is there now is locked and no more: once privileges are gone, later
  // allocations would fail instead of being paged out.
  const int future = ::setrlimit(RLIMIT_MEMLOCK, &limit) == 0 ? MCL_FUTURE : 0;
  return ::mlockall(MCL_CURRENT | MCL_ONFAULT | future) == 0;
}

bool use_processors(const std::vector<unsigned>& processors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const unsigned number : processors) CPU_SET(number, &set);
  return ::sched_setaffinity(0, sizeof set, &set) == 0;
}

}  // namespace

std::vector<std::string> apply_scheduling(const config::Scheduling& wanted) {
  std::vector<std::string> problems;
  const auto tell = [&problems](const char* what) {
    problems.push_back(fmt::format("{} is not permitted: {}", what, std::strerror(errno)));
  };
  if (!wanted.processors.empty() && !use_processors(wanted.processors)) tell("vrrp_cpu_affinity");
  if (wanted.nice && ::setpriority(PRIO_PROCESS, 0, *wanted.nice) != 0) tell("vrrp_priority");
  if (wanted.realtime_priority) {
    if (!enter_realtime(*wanted.realtime_priority, wanted.realtime_longest)) {
      tell("vrrp_rt_priority");
    }
  } else if (wanted.realtime_allowed &&
             !enter_realtime(automatic_priority, wanted.realtime_longest) && !wanted.nice) {
    ::setpriority(PRIO_PROCESS, 0, automatic_nice);
  }
  if (wanted.lock_memory) static_cast<void>(lock_memory());
  return problems;
}

}  // namespace baton::supervisor
