// The failover process as the supervisor runs it: one process that reloads in place, is restarted
// when it crashes, has its scripts run, and is told of proxy generations.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "failover/network_settings.h"
#include "runtime/gate.h"
#include "supervisor/child_process.h"
#include "supervisor/configuration.h"
#include "supervisor/last_configuration.h"
#include "supervisor/pulse_receiver.h"
#include "supervisor/restart_policy.h"
#include "supervisor/script_runner.h"

namespace baton::supervisor {

class FailoverPart final : public ChildProcess::Owner, public PulseReceiver {
 public:
  static constexpr Duration ready_patience = 10s;
  static constexpr Duration pass_patience = 45s;

  struct Settings {
    config::keepalived::LoadOptions load_options;
    std::vector<std::string> pid_paths;  // where the failover process's pid is kept
    // Keeps what the process changes of the network's settings for the next start; empty: nothing.
    std::string originals_path;
    // Keeps the configuration for the same purpose (last_configuration.h).
    std::string last_path;
    bool restart_always = false;  // also after an end by itself (keepalived's parent does)
    bool restart_never = false;   // keepalived's -R
    bool keep_addresses_at_end = false;
    bool proxy_expected = false;
    bool log_detail = true;
    // Makes the child's log, in the child.
    std::function<std::unique_ptr<Log>()> make_log;
    bool silence_stderr = false;  // the tree is in the background
    std::function<void()> reload_wanted;
    // Addresses that move to another node, between blanks; none: no longer. As
    // ipc::MessageType::addresses_leave.
    std::function<void(const std::string& addresses, bool close_idle)> addresses_leave;
    // For FIFOs and mail.
    std::function<void(const ipc::Announcement&)> announce;
  };

  FailoverPart(runtime::Loop& loop, runtime::TaskScope& scope, Log& log, Settings settings);

  // Starts the process; completes when it is ready, with an empty text, or with the reason.
  runtime::Task<std::string> start(std::shared_ptr<const Configuration> configuration);
  // Hands the running process a new configuration; starts one if none runs.
  runtime::Task<std::string> configure(std::shared_ptr<const Configuration> configuration);
  // Releases the addresses and ends.
  void end();
  void kill();
  void dump(int signal_number);
  // Has an instance (all if empty) passed to another node (any if empty); completes with the
  // outcome, and false with the reason.
  runtime::Task<std::pair<bool, std::string>> pass(std::string instance, std::string peer);
  // It has given its addresses away at its end, and serves on what had begun.
  [[nodiscard]] bool handed_over() const { return handed_over_; }

  void attach(std::uint64_t number, runtime::Fd page, runtime::Fd life) override;
  void retire(std::uint64_t number, bool last) override;

  [[nodiscard]] const std::shared_ptr<ChildProcess>& process() const { return child_; }
  [[nodiscard]] bool ready() const { return child_ && answer_ == Answer::ready; }
  [[nodiscard]] bool stopped_on_purpose() const { return stopped_on_purpose_; }
  [[nodiscard]] std::uint32_t crashes() const { return restarts_.crashes(); }
  [[nodiscard]] std::size_t scripts_running() const { return scripts_.running(); }
  [[nodiscard]] runtime::Gate& changed() { return changed_; }

  void on_message(ChildProcess& child, ipc::Message message) override;
  void on_exit(ChildProcess& child, runtime::ExitStatus status) override;

 private:
  enum class Answer : std::uint8_t { none, ready, failed };
  struct Attached {
    std::uint64_t number;
    runtime::Fd page;
    runtime::Fd life;
  };
  Status launch();
  void tell_attached(const Attached& proxy);
  runtime::Task<std::string> await_answer();
  void run_script(const ipc::Message& message);
  void restart_after(Duration pause);
  void restart();
  void write_pid_files();
  void remove_pid_files(pid_t pid);

  runtime::Loop& loop_;
  runtime::TaskScope& scope_;
  Log& log_;
  Settings settings_;
  ScriptRunner scripts_;
  std::shared_ptr<const Configuration> configuration_;
  std::shared_ptr<const Configuration> previous_;  // the one before the last reload
  std::shared_ptr<ChildProcess> child_;
  std::vector<Attached> attached_;
  Answer answer_ = Answer::none;
  bool was_ready_ = false;  // the present process has been
  std::string failure_;
  RestartPolicy restarts_;
  // What the process may change of the network's settings, as it was before.
  std::optional<failover::NetworkSettings> settings_before_;
  LastConfiguration last_;
  runtime::Timer restart_timer_;
  bool ending_ = false;
  bool stopped_on_purpose_ = false;
  bool handed_over_ = false;
  std::uint64_t last_pass_ = 0;
  std::map<std::uint64_t, std::pair<bool, std::string>> passed_;  // answers, by ticket
  runtime::Gate changed_;
};

}  // namespace baton::supervisor
