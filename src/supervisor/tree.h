// The supervisor at work: starts both parts, listens to signals and to the control socket,
// reloads, and ends everything in the right order. Single-threaded, so that it may fork.
//
//   start    proxy (sockets, generation, ready), then failover: an address never comes to a node
//            whose proxy does not serve
//   reload   everything is read and proven first; then the proxy's new generation, then failover
//            by difference. If either refuses, the old configuration stays in use.
//   stop     failover first, which hands the address over while the proxy still serves; then the
//            proxy
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "control/server.h"
#include "ipc/shared_region.h"
#include "runtime/gate.h"
#include "runtime/loop.h"
#include "runtime/signals.h"
#include "runtime/task.h"
#include "supervisor/daemon.h"
#include "supervisor/failover_link.h"
#include "supervisor/failover_part.h"
#include "supervisor/logs.h"
#include "supervisor/messenger.h"
#include "supervisor/options.h"
#include "supervisor/pid_file.h"
#include "supervisor/proxy_part.h"
#include "supervisor/reload_schedule.h"
#include "supervisor/service_manager.h"
#include "supervisor/start_log.h"
#include "supervisor/upgrade.h"

namespace baton::supervisor {

class Tree final : public control::Commands {
 public:
  // `loaded` must be usable; what was said about it goes to the log. `inherited`: what the binary
  // before this one has left.
  Tree(runtime::Loop& loop, Options options, LoadedConfiguration loaded, Daemon daemon,
       std::optional<Inheritance> inherited);
  // Runs to the end and gives the exit code.
  int run();

  runtime::Task<nlohmann::json> execute(std::string command) override;

 private:
  struct ReloadResult {
    bool ok = true;
    std::string text;
    WallTime when{};
  };

  // Journey of the process (tree.cc).
  runtime::Task<void> live();
  runtime::Task<std::string> start();
  std::string prepare();
  void make_parts();
  void make_failover_part();
  void open_control();
  runtime::Task<std::string> start_parts();
  void started();
  void tell_system();
  [[nodiscard]] bool keeps_stderr() const;
  runtime::Task<void> shut_down();
  runtime::Task<void> end_failover();
  void tell_draining(Duration patience);
  runtime::Task<void> end_proxy();
  void fail_start(const std::string& problem);

  // Live upgrade of the binary (tree_upgrade.cc).
  void take_over(Inheritance& inherited);
  void link_to(runtime::Fd fd);
  void change_binary();
  void stop_accepting();
  void accept_again();
  [[nodiscard]] bool goes_by_winch() const;
  runtime::Task<void> bring_back();
  runtime::Task<void> watch_new_binary(std::unique_ptr<runtime::Child> child);
  [[nodiscard]] bool old_binary_runs() const;
  [[nodiscard]] bool hands_over() const { return link_ && link_->other_serves(); }
  [[nodiscard]] std::string_view action_of(int signal) const;

  // Signals and commands (tree_commands.cc).
  runtime::Task<void> receive_signals();
  void on_signal(const runtime::Signal& signal);
  void on_keepalived_signal(int number);
  void stop(bool gracefully);
  void want_reload();
  void dump_globals();
  void reopen_logs();
  runtime::Task<void> reload_task();
  runtime::Task<ReloadResult> reload();
  runtime::Task<ReloadResult> reload_once();
  LoadedConfiguration read_anew();
  runtime::Task<void> follow_reload_time();
  runtime::Task<std::string> apply(std::shared_ptr<const Configuration> fresh);
  runtime::Task<nlohmann::json> start_stopped();
  runtime::Task<nlohmann::json> pass(std::string words);
  runtime::Task<nlohmann::json> status();
  runtime::Task<nlohmann::json> history();
  [[nodiscard]] nlohmann::json processes() const;
  void log_all(const std::vector<std::pair<LogLevel, std::string>>& lines);
  void follow_pid_path();

  runtime::Loop& loop_;
  Options options_;
  std::shared_ptr<const Configuration> configuration_;
  std::vector<std::pair<LogLevel, std::string>> load_lines_;
  Daemon daemon_;
  ServiceManager service_;
  Instant started_at_{};
  WallTime started_wall_{};
  std::unique_ptr<TeeLog> log_;
  ConsoleLog* console_ = nullptr;  // one of log_, while this tree starts under the name nginx
  PidLock lock_;
  std::unique_ptr<runtime::Signals> signals_;
  runtime::TaskScope main_;   // live(), which joins the other
  runtime::TaskScope tasks_;  // everything else
  std::unique_ptr<ipc::SharedRegion> region_;
  std::unique_ptr<Messenger> messenger_;  // with failover_
  std::unique_ptr<FailoverPart> failover_;
  std::unique_ptr<FailoverLinkServer> link_server_;
  std::unique_ptr<FailoverLinkClient> link_client_;
  std::unique_ptr<ProxyPart> proxy_;
  std::unique_ptr<control::Server> control_;
  runtime::Gate changed_;
  int exit_code_ = 0;
  bool serving_ = false;
  bool reload_early_ = false;  // asked for during the start
  bool stopping_ = false;
  bool in_a_hurry_ = false;  // told to stop once more
  bool stop_gracefully_ = false;
  std::uint64_t reloads_wanted_ = 0;
  std::uint64_t reloads_done_ = 0;
  bool reloading_ = false;
  std::optional<ReloadResult> last_reload_;
  std::optional<Inheritance> inherited_;  // until the sockets are taken
  pid_t old_binary_ = 0;                  // whose sockets were inherited
  pid_t new_binary_ = 0;                  // that runs beside this one
  bool resting_ = false;                  // WINCH: nobody accepts here
  std::unique_ptr<UpgradeLink> link_;
};

}  // namespace baton::supervisor
