// fork, become the user, execvp; then the wait with its two deadlines.

#include "supervisor/script_runner.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "runtime/signals.h"
#include "supervisor/privileges.h"

namespace baton::supervisor {

namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

void reset_signals() {
  runtime::unblock_all_signals();
  for (const int number : {SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD}) {
    ::signal(number, SIG_DFL);
  }
}

// In the child. Gives errno of the step that failed; does not return when all is well.
int execute(const ScriptRunner::Job& job) {
  ::setsid();
  const int null = ::open("/dev/null", O_RDWR);
  if (null < 0) return errno;
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  if (const Status became = become_script_user(job.user.name, job.user.uid, job.user.gid);
      !became) {
    return became.error().errno_value;
  }
  // A check has no sense without the tree; a notification goes on to its end.
  if (job.kind == ipc::ScriptRequest::Kind::check) ::prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
  if (!std::getenv("PATH")) ::setenv("PATH", default_path, 1);
  for (const auto& [name, value] : job.environment) ::setenv(name.c_str(), value.c_str(), 1);
  reset_signals();
  std::vector<char*> arguments;
  arguments.reserve(job.arguments.size() + 1);
  for (const auto& argument : job.arguments) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  return errno;
}

const std::optional<config::ScriptCommand>* command_of(const config::NotifyCommands& commands,
                                                       ipc::ScriptRequest::Event event) {
  using Event = ipc::ScriptRequest::Event;
  switch (event) {
    case Event::master:
      return &commands.master;
    case Event::backup:
      return &commands.backup;
    case Event::fault:
      return &commands.fault;
    case Event::stop:
      return &commands.stop;
    case Event::any:
      return &commands.any;
    case Event::lower_priority:
      return &commands.lower_priority;
    case Event::deleted:
      return &commands.deleted;
  }
  return nullptr;
}

}  // namespace

void ScriptRunner::run(Job job, Done done) {
  const std::uint64_t ticket = job.ticket;
  auto script = start(std::move(job));
  if (!script) {
    done(ticket, {ipc::ScriptOutcome::not_started, script.error().errno_value, 0s});
    return;
  }
  running_.push_back(*script);
  scope_.spawn(follow(std::move(*script), std::move(done)));
}

Result<std::shared_ptr<ScriptRunner::Running>> ScriptRunner::start(Job job) {
  if (running_.size() >= running_max || job.arguments.empty()) {
    return fail_errno(EAGAIN, "too many scripts run");
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno(errno, "pipe");
  runtime::Fd ours(ends[0]);
  runtime::Fd theirs(ends[1]);
  const Instant started = loop_.refresh_now();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) {
    const int error = execute(job);
    static_cast<void>(::write(theirs.get(), &error, sizeof error));
    ::_exit(127);
  }
  auto child = runtime::Child::watch(loop_, pid);
  if (!child) {
    ::kill(pid, SIGKILL);
    return std::unexpected(child.error());
  }
  auto script = std::make_shared<Running>();
  script->job = std::move(job);
  script->child = std::move(*child);
  script->start_error = std::move(ours);
  script->started = started;
  return script;
}

runtime::Task<Result<runtime::ExitStatus>> ScriptRunner::wait_with_timeout(Running& script,
                                                                           bool& timed_out) {
  const Instant deadline = script.job.timeout > 0s ? script.started + script.job.timeout : never;
  auto status = co_await script.child->ended(deadline);
  if (status || status.error().kind != ErrorKind::timed_out) co_return status;
  timed_out = true;
  script.child->signal_group(SIGTERM);
  status = co_await script.child->ended(loop_.now() + kill_after);
  if (!status && status.error().kind == ErrorKind::timed_out) {
    script.child->signal_group(SIGKILL);
    status = co_await script.child->ended();
  }
  co_return status;
}

runtime::Task<void> ScriptRunner::follow(std::shared_ptr<Running> script, Done done) {
  bool timed_out = false;
  const auto status = co_await wait_with_timeout(*script, timed_out);
  std::erase(running_, script);
  if (!status) co_return;  // the supervisor is ending
  ipc::ScriptResult result;
  result.took = loop_.refresh_now() - script->started;
  result.code = status->code;
  result.outcome = status->signalled ? ipc::ScriptOutcome::signalled : ipc::ScriptOutcome::exited;
  if (timed_out) result.outcome = ipc::ScriptOutcome::timed_out;
  int start_error = 0;
  if (::read(script->start_error.get(), &start_error, sizeof start_error) == sizeof start_error) {
    result.outcome = ipc::ScriptOutcome::not_started;
    result.code = start_error;
  }
  done(script->job.ticket, result);
}

void ScriptRunner::end_checks() {
  for (const auto& script : running_) {
    if (script->job.kind == ipc::ScriptRequest::Kind::check) script->child->signal_group(SIGTERM);
  }
}

std::optional<ScriptRunner::Job> find_script(const config::Failover& config,
                                             const ipc::ScriptRequest& request) {
  using Kind = ipc::ScriptRequest::Kind;
  ScriptRunner::Job job;
  job.kind = request.kind;
  if (request.kind == Kind::check) {
    if (request.index >= config.scripts.size()) return std::nullopt;
    const auto& script = config.scripts[request.index];
    job.arguments = script.command.arguments;
    job.user = script.command.user;
    job.timeout = script.timeout > 0s ? script.timeout : script.interval;
    return job;
  }
  const bool of_group = request.kind == Kind::notify_group;
  const std::size_t count = of_group ? config.sync_groups.size() : config.instances.size();
  if (request.index >= count) return std::nullopt;
  const auto& commands =
      of_group ? config.sync_groups[request.index].notify : config.instances[request.index].notify;
  const auto* command = command_of(commands, request.event);
  if (!command || !*command) return std::nullopt;
  job.arguments = (*command)->arguments;
  job.user = (*command)->user;
  const std::string type = of_group ? "GROUP" : "INSTANCE";
  const std::string& name =
      of_group ? config.sync_groups[request.index].name : config.instances[request.index].name;
  const std::string priority = fmt::format("{}", of_group ? 0 : request.priority);
  job.environment = {{"BATON_TYPE", type},
                     {"BATON_NAME", name},
                     {"BATON_STATE", request.state},
                     {"BATON_PRIORITY", priority}};
  if (request.event == ipc::ScriptRequest::Event::any) {
    job.arguments.insert(job.arguments.end(), {type, name, request.state, priority});
  }
  return job;
}

}  // namespace baton::supervisor
