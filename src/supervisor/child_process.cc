// fork(), the cleaning up in the child, and the coroutine that follows it to its end.

#include "supervisor/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <syslog.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "supervisor/process_title.h"

extern "C" [[gnu::weak]] int __llvm_profile_write_file();

namespace baton::supervisor {

namespace {

// Everything that happens in the child. It never returns to the supervisor's stack: destructors
// there would remove pid files and sockets that are not the child's.
[[noreturn]] void run_child(runtime::Loop& loop, pid_t supervisor, const ChildProcess::Plan& plan,
                            runtime::Fd channel) {
  loop.abandon_after_fork();
  ::closelog();  // its descriptor is about to be closed behind its back
  auto kept = plan.kept_fds;
  kept.push_back(channel.get());
  close_all_but(std::move(kept));
  if (plan.silence_stderr) {
    const runtime::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    for (const int fd : {0, 1, 2}) ::dup2(null.get(), fd);
  }
  // A group of its own: Ctrl-C on the terminal is for the supervisor, which ends things in order.
  ::setpgid(0, 0);
  set_process_name(plan.name);
  set_process_title(plan.title);
  if (const Status dropped = plan.drop_privileges(); !dropped) {
    std::fprintf(stderr, "%s: cannot drop privileges: %s\n", plan.name.c_str(),
                 describe(dropped.error()).c_str());
    ::_exit(1);
  }
  // After the change of identity, which the kernel answers by forgetting this wish.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (::getppid() != supervisor) ::_exit(1);
  const int code = plan.entry(std::move(channel));
  // Only a build that counts what runs (`./dev profile`) has it; _exit() would lose the counts.
  if (__llvm_profile_write_file) __llvm_profile_write_file();
  ::_exit(code);
}

}  // namespace

std::string described(runtime::ExitStatus status) {
  return fmt::format(fmt::runtime(status.signalled ? "exited on signal {}" : "exited with code {}"),
                     status.code);
}

void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned from = 3;
  for (const int fd : kept) {
    if (fd < static_cast<int>(from)) continue;
    if (fd > static_cast<int>(from)) ::close_range(from, static_cast<unsigned>(fd) - 1, 0);
    from = static_cast<unsigned>(fd) + 1;
  }
  ::close_range(from, ~0u, 0);
}

Result<std::shared_ptr<ChildProcess>> ChildProcess::start(runtime::Loop& loop,
                                                          runtime::TaskScope& scope, Owner& owner,
                                                          const Plan& plan) {
  auto pair = ipc::make_channel_pair();
  if (!pair) return std::unexpected(pair.error());
  const pid_t supervisor = ::getpid();
  std::fflush(nullptr);
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) run_child(loop, supervisor, plan, std::move(pair->second));
  pair->second.reset();
  auto watched = runtime::Child::watch(loop, pid);
  if (!watched) {
    ::kill(pid, SIGKILL);
    return std::unexpected(watched.error());
  }
  auto channel = std::make_unique<ipc::Channel>(loop, std::move(pair->first));
  std::shared_ptr<ChildProcess> child(
      new ChildProcess(owner, std::move(*watched), std::move(channel), loop));
  scope.spawn(follow(child));
  return child;
}

ChildProcess::ChildProcess(Owner& owner, std::unique_ptr<runtime::Child> child,
                           std::unique_ptr<ipc::Channel> channel, runtime::Loop& loop)
    : loop_(loop),
      owner_(owner),
      child_(std::move(child)),
      channel_(std::move(channel)),
      started_(loop.refresh_now()),
      answered_(loop) {}

ChildProcess::~ChildProcess() = default;

// Messages first, then the end: what a child said before it died is heard.
runtime::Task<void> ChildProcess::follow(std::shared_ptr<ChildProcess> self) {
  for (;;) {
    auto message = co_await self->channel_->receive();
    if (!message) break;
    if (message->type == ipc::MessageType::status_reply) {
      self->answered_ticket_ = std::max(self->answered_ticket_, message->number);
      self->status_ = std::move(message->text);
      self->answered_.open();
      continue;
    }
    self->owner_.on_message(*self, std::move(*message));
  }
  const auto status = co_await self->child_->ended();
  if (status) self->owner_.on_exit(*self, *status);
}

runtime::Task<std::optional<std::string>> ChildProcess::ask_status(
    std::shared_ptr<ChildProcess> self, Duration patience, std::string subject) {
  const std::uint64_t ticket = self->next_ticket_++;
  const Instant deadline = self->loop_.refresh_now() + patience;
  const Status sent = self->send(ipc::MessageType::status_request, ticket, std::move(subject));
  if (!sent) co_return std::nullopt;
  while (self->answered_ticket_ < ticket) {
    if (!co_await self->answered_.wait(deadline)) co_return std::nullopt;
  }
  co_return self->status_;
}

}  // namespace baton::supervisor
