// Check and notify scripts, run for the failover process, which may not become another user.
//
// A script runs without a shell, in a session of its own (so that a signal reaches all that it
// started), with nothing of ours open, as its user. At its timeout the whole group gets TERM, two
// seconds later KILL. The number that may run at once is bounded: a failover process gone wrong
// cannot fill the machine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/model/failover.h"
#include "ipc/messages.h"
#include "runtime/child.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace baton::supervisor {

class ScriptRunner {
 public:
  static constexpr std::size_t running_max = 128;
  static constexpr Duration kill_after = 2s;

  struct Job {
    std::uint64_t ticket = 0;
    ipc::ScriptRequest::Kind kind = ipc::ScriptRequest::Kind::check;
    std::vector<std::string> arguments;  // [0] is the program
    config::ScriptUser user;
    Duration timeout = 0s;  // 0: none
    // Notifications: what has happened, besides what is appended to the arguments of `notify`.
    std::vector<std::pair<std::string, std::string>> environment;
  };
  using Done = std::function<void(std::uint64_t ticket, const ipc::ScriptResult& result)>;

  ScriptRunner(runtime::Loop& loop, runtime::TaskScope& scope) : loop_(loop), scope_(scope) {}

  // `done` is called once, later or at once.
  void run(Job job, Done done);
  // TERM to the groups of all running check scripts; notifications go on.
  void end_checks();
  [[nodiscard]] std::size_t running() const { return running_.size(); }

 private:
  struct Running {
    Job job;
    std::unique_ptr<runtime::Child> child;
    runtime::Fd start_error;  // carries errno when the program could not be executed
    Instant started;
  };
  Result<std::shared_ptr<Running>> start(Job job);
  runtime::Task<void> follow(std::shared_ptr<Running> script, Done done);
  runtime::Task<Result<runtime::ExitStatus>> wait_with_timeout(Running& script, bool& timed_out);

  runtime::Loop& loop_;
  runtime::TaskScope& scope_;
  std::vector<std::shared_ptr<Running>> running_;
};

// The command that `request` names in `config`, with what keepalived appends for `notify`.
// Nothing when there is no such command. `timeout` gets the check's own.
std::optional<ScriptRunner::Job> find_script(const config::Failover& config,
                                             const ipc::ScriptRequest& request);

}  // namespace baton::supervisor
