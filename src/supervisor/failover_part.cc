// Starting, configuring, restarting the failover process; its scripts and its proxies.

#include "supervisor/failover_part.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "failover/leftovers.h"
#include "failover/process.h"
#include "supervisor/pid_file.h"
#include "supervisor/privileges.h"
#include "supervisor/process_title.h"
#include "supervisor/scheduling.h"

namespace baton::supervisor {

namespace {

// True when the process at the other end of a life line is gone.
bool has_ended(const runtime::Fd& life) {
  char byte = 0;
  return ::recv(life.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

}  // namespace

FailoverPart::FailoverPart(runtime::Loop& loop, runtime::TaskScope& scope, Log& log,
                           Settings settings)
    : loop_(loop),
      scope_(scope),
      log_(log),
      settings_(std::move(settings)),
      scripts_(loop, scope),
      last_(log, settings_.last_path),
      restart_timer_(loop, [this] { restart(); }),
      changed_(loop) {}

Status FailoverPart::launch() {
  ChildProcess::Plan plan;
  plan.name = configuration_->failover->places.vrrp_name;
  plan.title = "keepalived: VRRP process";
  plan.silence_stderr = settings_.silence_stderr;
  const auto problems = std::make_shared<std::vector<std::string>>();
  plan.drop_privileges = [this, problems] {
    *problems = apply_scheduling(configuration_->failover->scheduling);
    return keep_network_capabilities();
  };
  plan.entry = [this, problems](runtime::Fd channel) {
    const auto log = settings_.make_log();
    for (const auto& problem : *problems) log->write(LogLevel::warning, problem);
    failover::ProcessInputs inputs;
    inputs.config = configuration_->failover;
    inputs.load_options = settings_.load_options;
    inputs.pair_key = configuration_->pair_key;
    inputs.channel = std::move(channel);
    inputs.log = log.get();
    inputs.log_detail = settings_.log_detail;
    inputs.keep_addresses_at_end = settings_.keep_addresses_at_end;
    inputs.proxy_expected = settings_.proxy_expected;
    inputs.rename_executor = [] { set_process_title("baton: executor of the VRRP process"); };
    return failover::run_process(std::move(inputs));
  };
  settings_before_.emplace(log_, settings_.originals_path);
  settings_before_->recover();
  last_.recover(settings_.load_options);
  last_.remember(*configuration_);
  settings_before_->remember(failover::all_vmacs(*configuration_->failover));
  answer_ = Answer::none;
  was_ready_ = false;
  failure_.clear();
  auto child = ChildProcess::start(loop_, scope_, *this, plan);
  if (!child) return std::unexpected(child.error());
  child_ = std::move(*child);
  stopped_on_purpose_ = false;
  restarts_.started(loop_.refresh_now());
  log_.print(LogLevel::info, "Starting VRRP child process, pid={}", child_->pid());
  write_pid_files();
  for (const auto& proxy : attached_) tell_attached(proxy);
  return {};
}

runtime::Task<std::string> FailoverPart::start(std::shared_ptr<const Configuration> configuration) {
  restart_timer_.cancel();
  configuration_ = std::move(configuration);
  if (const Status launched = launch(); !launched) co_return describe(launched.error());
  co_return co_await await_answer();
}

runtime::Task<std::string> FailoverPart::configure(
    std::shared_ptr<const Configuration> configuration) {
  if (!child_) {
    restarts_.forgive();
    co_return co_await start(std::move(configuration));
  }
  const auto previous = std::exchange(configuration_, std::move(configuration));
  if (settings_before_) {
    settings_before_->remember(failover::all_vmacs(*configuration_->failover));
  }
  last_.remember(*configuration_);
  previous_ = previous;
  answer_ = Answer::none;
  failure_.clear();
  static_cast<void>(child_->send(ipc::MessageType::pair_key, 0, configuration_->pair_key));
  const Status sent = child_->send(ipc::MessageType::configure, 0, configuration_->packed_sources);
  std::string problem = sent ? co_await await_answer() : describe(sent.error());
  // Script indices are those of the configuration that the process really uses.
  if (!problem.empty() && child_) {
    configuration_ = previous;
    last_.remember(*configuration_);
    answer_ = Answer::ready;
  }
  co_return problem;
}

// `ready` or `failed`, or the end of the process.
runtime::Task<std::string> FailoverPart::await_answer() {
  const Instant deadline = loop_.refresh_now() + ready_patience;
  while (child_ && answer_ == Answer::none) {
    if (!co_await changed_.wait(deadline)) {
      co_return "the failover process did not answer in time";
    }
  }
  if (answer_ == Answer::ready) co_return "";
  co_return failure_.empty() ? "the failover process ended" : failure_;
}

void FailoverPart::on_message(ChildProcess& child, ipc::Message message) {
  if (&child != child_.get()) return;
  switch (message.type) {
    case ipc::MessageType::ready:
      answer_ = Answer::ready;
      was_ready_ = true;
      changed_.open();
      break;
    case ipc::MessageType::failed:
      answer_ = Answer::failed;
      failure_ = message.text;
      changed_.open();
      break;
    case ipc::MessageType::reload_wanted:
      settings_.reload_wanted();
      break;
    case ipc::MessageType::run_script:
      run_script(message);
      break;
    case ipc::MessageType::pass_reply:
      if (message.number <= last_pass_) {
        passed_[message.number] = {message.second == 1, message.text};
        changed_.open();
      }
      break;
    case ipc::MessageType::handed_over:
      handed_over_ = true;
      changed_.open();
      break;
    case ipc::MessageType::leaving:
      if (settings_.addresses_leave) {
        settings_.addresses_leave(message.text, message.number == 1);
      }
      break;
    case ipc::MessageType::kill_scripts:
      scripts_.end_checks();
      break;
    case ipc::MessageType::announce:
      if (const auto announcement = ipc::Announcement::decode(message.text)) {
        settings_.announce(*announcement);
      }
      break;
    default:
      break;
  }
}

void FailoverPart::run_script(const ipc::Message& message) {
  // The result goes to the process that asked, not to one that was started since.
  const std::weak_ptr<ChildProcess> asking = child_;
  const auto done = [asking](std::uint64_t ticket, const ipc::ScriptResult& result) {
    const auto child = asking.lock();
    if (!child) return;
    ipc::Message reply;
    reply.type = ipc::MessageType::script_result;
    reply.number = ticket;
    reply.second = static_cast<std::uint64_t>(result.outcome);
    reply.text = result.encode();
    static_cast<void>(child->send(std::move(reply)));
  };
  const auto request = ipc::ScriptRequest::decode(message.text);
  const auto& configuration =
      request && request->of_previous && previous_ ? previous_ : configuration_;
  auto job = request ? find_script(*configuration->failover, *request) : std::nullopt;
  if (!job) {
    done(message.number, {ipc::ScriptOutcome::not_started, ENOENT, 0s});
    return;
  }
  job->ticket = message.number;
  scripts_.run(std::move(*job), done);
}

void FailoverPart::on_exit(ChildProcess& child, runtime::ExitStatus status) {
  if (&child != child_.get()) return;
  const bool clean = !status.signalled && status.code == 0;
  remove_pid_files(child.pid());
  child_.reset();
  scripts_.end_checks();
  if (!clean) {
    failover::remove_leftovers(*configuration_->failover, log_);
    if (settings_before_) settings_before_->restore();
  } else if (settings_before_) {
    settings_before_->forget();
  }
  last_.forget();
  if (failure_.empty()) failure_ = fmt::format("the failover process {}", described(status));
  changed_.open();
  if (ending_) return;
  log_.print(clean ? LogLevel::notice : LogLevel::alert, "VRRP child process({}) {}", child.pid(),
             described(status));
  const bool by_itself =
      status.signalled ? status.code == SIGTERM || status.code == SIGINT : status.code == 0;
  if (settings_.restart_never || (by_itself && !settings_.restart_always)) {
    stopped_on_purpose_ = true;
    log_.write(LogLevel::notice,
               "failover was stopped from outside and stays so until `baton start` or "
               "`baton reload`");
    return;
  }
  // One that never became ready fails its start; what then is the caller's decision, except after
  // a crash, where there is no caller.
  if (!was_ready_ && restarts_.crashes() == 0) return;
  restart_after(restarts_.died(loop_.refresh_now()));
}

void FailoverPart::restart_after(Duration pause) {
  log_.print(LogLevel::alert, "VRRP child process died: Respawning{}",
             pause > 0s ? fmt::format(" in {} s", to_seconds(pause)) : "");
  restart_timer_.arm_after(pause);
}

void FailoverPart::restart() {
  if (ending_ || child_) return;
  if (const Status launched = launch(); !launched) {
    log_.print(LogLevel::alert, "cannot start the VRRP process: {}", describe(launched.error()));
    restart_after(std::max<Duration>(restarts_.died(loop_.refresh_now()), 1s));
  }
}

void FailoverPart::end() {
  ending_ = true;
  restart_timer_.cancel();
  if (child_) static_cast<void>(child_->send(ipc::MessageType::stop));
  changed_.open();
}

void FailoverPart::kill() {
  if (child_) child_->signal(SIGKILL);
}

void FailoverPart::dump(int signal_number) {
  if (!child_) return;
  static_cast<void>(
      child_->send(ipc::MessageType::dump, static_cast<std::uint64_t>(signal_number)));
}

runtime::Task<std::pair<bool, std::string>> FailoverPart::pass(std::string instance,
                                                               std::string peer) {
  using Outcome = std::pair<bool, std::string>;
  if (!child_) co_return Outcome(false, "the failover process does not run");
  const std::uint64_t ticket = ++last_pass_;
  static_cast<void>(child_->send(ipc::MessageType::pass, ticket, instance + "\n" + peer));
  const Instant deadline = loop_.refresh_now() + pass_patience;
  while (child_ && !passed_.contains(ticket)) {
    if (!co_await changed_.wait(deadline)) break;
  }
  const auto found = passed_.extract(ticket);
  if (found) co_return found.mapped();
  co_return Outcome(false, "the failover process did not say how it ended");
}

void FailoverPart::attach(std::uint64_t number, runtime::Fd page, runtime::Fd life) {
  // Earlier ones that crashed are remembered until now only: a failover process that is restarted
  // shall hear of the one that serves, not of its dead predecessors.
  std::erase_if(attached_, [](const Attached& proxy) { return has_ended(proxy.life); });
  attached_.push_back({number, std::move(page), std::move(life)});
  tell_attached(attached_.back());
}

void FailoverPart::tell_attached(const Attached& proxy) {
  if (!child_) return;
  ipc::Message message;
  message.type = ipc::MessageType::proxy_attached;
  message.number = proxy.number;
  message.fds.emplace_back(::dup(proxy.page.get()));
  message.fds.emplace_back(::dup(proxy.life.get()));
  static_cast<void>(child_->send(std::move(message)));
}

void FailoverPart::retire(std::uint64_t number, bool last) {
  std::erase_if(attached_, [&](const Attached& proxy) { return proxy.number <= number; });
  if (!child_) return;
  ipc::Message message;
  message.type = ipc::MessageType::proxy_retired;
  message.number = number;
  message.second = last;
  static_cast<void>(child_->send(std::move(message)));
}

void FailoverPart::write_pid_files() {
  for (const auto& path : settings_.pid_paths) {
    const Status written = write_pid_file(path, child_->pid());
    if (!written) log_.print(LogLevel::error, "{}: {}", path, describe(written.error()));
  }
}

void FailoverPart::remove_pid_files(pid_t pid) {
  for (const auto& path : settings_.pid_paths) remove_pid_file(path, pid);
}

}  // namespace baton::supervisor
