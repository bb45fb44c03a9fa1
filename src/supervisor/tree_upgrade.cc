// Live upgrade of the binary: who accepts, whose pid file is called ".oldbin", the way back.
//
//   USR2    pid file renamed, the new binary started with the same sockets; both accept
//   WINCH   the old one's workers finish what they have and end; its supervisor keeps the sockets
//   QUIT    on the old one: done. Or HUP on the old one and QUIT on the new one: all as before
//
// When the new binary ends, for whatever reason, the old one takes the name of its pid file and
// the work back.

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include "supervisor/tree.h"

namespace baton::supervisor {

namespace {

constexpr std::string_view old_suffix = ".oldbin";

}  // namespace

void Tree::take_over(Inheritance& inherited) {
  old_binary_ = ::getppid();
  proxy_->adopt_sockets(std::move(inherited.sockets));
  if (inherited.link) link_to(std::move(inherited.link));
}

void Tree::link_to(runtime::Fd fd) {
  link_ = std::make_unique<UpgradeLink>(loop_, tasks_, std::move(fd), [this](ipc::Message message) {
    if (proxy_ && !stopping_) proxy_->adopt_clients(std::move(message));
  });
}

bool Tree::old_binary_runs() const {
  return old_binary_ > 0 && ::getppid() == old_binary_;
}

// What a signal will do, as nginx says it.
std::string_view Tree::action_of(int signal) const {
  switch (signal) {
    case SIGHUP:
      return ", reconfiguring";
    case SIGTERM:
    case SIGINT:
      return ", exiting";
    case SIGQUIT:
      return ", shutting down";
    case SIGUSR1:
      return ", reopening logs";
    case SIGUSR2:
      return new_binary_ > 0 || old_binary_runs() ? ", ignoring" : ", changing binary";
    case SIGWINCH:
      return goes_by_winch() ? ", stop accepting connections" : "";
    default:
      return "";
  }
}

void Tree::change_binary() {
  if (options_.personality != Personality::nginx) {
    log_->write(LogLevel::error,
                "a running pair is upgraded by a restart: USR2 is for `nginx` alone");
    return;
  }
  if (new_binary_ > 0 || old_binary_runs()) {
    log_->write(LogLevel::critical,
                "the changing binary signal is ignored: you should shutdown or terminate before "
                "either old or new binary's process");
    return;
  }
  if (!serving_ || stopping_) return;
  log_->write(LogLevel::notice, "changing binary");
  const std::string old_path = fmt::format("{}{}", options_.pid_path, old_suffix);
  if (const Status renamed = lock_.rename(old_path); !renamed) {
    log_->print(LogLevel::alert,
                "rename() \"{}\" to \"{}\" failed before executing new binary process \"{}\": {}",
                options_.pid_path, old_path, options_.program, describe(renamed.error()));
    return;
  }
  NewBinary binary{options_.program, options_.arguments, proxy_->sockets().descriptors()};
  runtime::Fd link;
  const auto pid = start_new_binary(binary, *log_, link);
  if (!pid) {
    log_->print(LogLevel::alert, "{}", describe(pid.error()));
    static_cast<void>(lock_.rename(options_.pid_path));
    return;
  }
  log_->print(LogLevel::notice, "start new binary process {}", *pid);
  auto child = runtime::Child::watch(loop_, *pid);
  if (!child) return;
  new_binary_ = *pid;
  link_to(std::move(link));
  link_->tell_ready(true);
  tasks_.spawn(watch_new_binary(std::move(*child)));
}

runtime::Task<void> Tree::watch_new_binary(std::unique_ptr<runtime::Child> child) {
  const auto status = co_await child->ended();
  if (!status) co_return;  // this one ends first
  log_->print(LogLevel::notice, "signal 17 (SIGCHLD) received from {}", child->pid());
  const bool clean = !status->signalled && status->code == 0;
  log_->print(clean ? LogLevel::notice : LogLevel::alert, "new binary process {} {}", child->pid(),
              described(*status));
  new_binary_ = 0;
  if (const Status renamed = lock_.rename(options_.pid_path); !renamed) {
    log_->print(LogLevel::alert,
                "rename() back to \"{}\" failed after the new binary process exited: {}",
                options_.pid_path, describe(renamed.error()));
  }
  accept_again();
}

// A terminal sends WINCH whenever its size changes: it means something in the background only.
bool Tree::goes_by_winch() const {
  return options_.personality == Personality::nginx && (options_.daemonize || old_binary_ > 0);
}

void Tree::stop_accepting() {
  if (!goes_by_winch() || !serving_ || stopping_ || resting_) return;
  resting_ = true;
  if (link_) link_->tell_ready(false);
  proxy_->rest(hands_over());
}

void Tree::accept_again() {
  if (!resting_ || stopping_) return;
  resting_ = false;
  tasks_.spawn(bring_back());
}

runtime::Task<void> Tree::bring_back() {
  const std::string problem = co_await proxy_->bring_up(configuration_, 1);
  if (!problem.empty()) {
    log_->write(LogLevel::emergency, problem);
  } else if (link_) {
    link_->tell_ready(true);
  }
}

}  // namespace baton::supervisor
