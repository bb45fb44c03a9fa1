// The proxy as the supervisor runs it: a sequence of generations over one set of listening
// sockets.
//
// A generation is starting, serving or draining. At most one is starting and one serving; the
// draining ones finish what their clients have begun. A new generation becomes the serving one
// when it says `ready`; from then on the old one drains and hands its idle client connections
// over, which travel through here. A crashed one is followed by another from the same
// configuration; one that ended by itself with 0 was stopped from outside on purpose and is not.
#pragma once

#include <expected>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "base/log.h"
#include "ipc/pulse.h"
#include "ipc/shared_region.h"
#include "proxy/logs/log_files.h"
#include "runtime/gate.h"
#include "supervisor/child_process.h"
#include "supervisor/configuration.h"
#include "supervisor/listen_sockets.h"
#include "supervisor/pulse_receiver.h"
#include "supervisor/restart_policy.h"

namespace baton::supervisor {

class ProxyPart final : public ChildProcess::Owner {
 public:
  // Old generations that may drain at the same time; the oldest is ended when there are more.
  static constexpr std::size_t draining_max = 64;
  static constexpr Duration ready_patience = 30s;

  struct Settings {
    bool keep_pid_file = false;   // the configuration's `pid` names the proxy process
    bool restart_always = false;  // also after an end by itself (nginx's master does so)
    bool silence_stderr = false;  // the tree is in the background
    bool tells_as_nginx = false;  // log lines that nginx's master writes besides
    std::function<void()> reload_wanted;
    // Clients of an ending generation that has no successor here. Not set: they are closed.
    std::function<void(ipc::Message)> clients_left;
  };

  enum class State : std::uint8_t { starting, serving, draining, ended };
  struct Generation {
    std::uint64_t number = 0;
    State state = State::starting;
    bool asked_to_end = false;
    std::string failure;  // why it never served
    std::shared_ptr<const Configuration> configuration;
    std::shared_ptr<ChildProcess> child;
    std::unique_ptr<proxy::LogFiles> logs;
    std::unique_ptr<ipc::Pulse> pulse;
    runtime::Fd life;  // the failover process's end
  };

  ProxyPart(runtime::Loop& loop, runtime::TaskScope& scope, Log& log, ipc::SharedRegion& region,
            PulseReceiver* receiver, Settings settings);

  // Opens the sockets and starts a generation; completes when it serves, with an empty text, or
  // with the reason why it does not; then everything is as before. `tries` at the sockets, half a
  // second apart (nginx waits so for the old instance to go).
  runtime::Task<std::string> bring_up(std::shared_ptr<const Configuration> configuration,
                                      int tries);
  // Takes the listening sockets of the binary before this one; to be called before bring_up().
  void adopt_sockets(std::vector<runtime::Fd> sockets) { sockets_.adopt(std::move(sockets)); }
  // Idle clients of another tree, for the generation that serves.
  void adopt_clients(ipc::Message message);
  // Stops accepting, sockets stay open: the generation finishes what its clients have begun.
  // `hand_over`: idle clients go to clients_left. Serving goes on with another bring_up().
  void rest(bool hand_over);
  // From now on nothing is started again.
  void expect_end();
  // Ends all generations: gracefully after what runs has finished, else at once. `hand_over` as
  // above.
  void end(bool gracefully, bool hand_over = false);
  // The last resort for those that do not end.
  void kill();
  void reopen_logs();
  // As ipc::MessageType::addresses_leave, to all generations.
  void tell_leaving(const std::string& addresses, bool close_idle);
  [[nodiscard]] ListenSockets& sockets() { return sockets_; }

  [[nodiscard]] const Generation* serving() const { return serving_.get(); }
  [[nodiscard]] const std::list<std::shared_ptr<Generation>>& all() const { return all_; }
  [[nodiscard]] bool ended() const { return all_.empty(); }
  [[nodiscard]] bool stopped_on_purpose() const { return stopped_on_purpose_; }
  [[nodiscard]] std::uint32_t crashes() const { return restarts_.crashes(); }
  [[nodiscard]] runtime::Gate& changed() { return changed_; }

  void on_message(ChildProcess& child, ipc::Message message) override;
  void on_exit(ChildProcess& child, runtime::ExitStatus status) override;

 private:
  std::shared_ptr<Generation> find(const ChildProcess& child);
  std::expected<std::shared_ptr<Generation>, std::string> launch(
      std::shared_ptr<const Configuration> configuration);
  void promote(const std::shared_ptr<Generation>& generation);
  static void drain(Generation& generation, bool hand_over);
  void tell_start();
  void limit_draining();
  void write_pid();
  void serving_ended(Generation& generation, runtime::ExitStatus status);
  void restart_after(Duration pause);
  runtime::Task<void> restart();
  [[nodiscard]] std::uint64_t oldest() const;

  runtime::Loop& loop_;
  runtime::TaskScope& scope_;
  Log& log_;
  ipc::SharedRegion& region_;
  PulseReceiver* receiver_;
  Settings settings_;
  ListenSockets sockets_;
  std::shared_ptr<const Configuration> configuration_;  // the one that serves, or served last
  std::list<std::shared_ptr<Generation>> all_;          // oldest first, until their end
  std::shared_ptr<Generation> serving_;
  std::string pid_path_;  // the file that we have written
  std::uint64_t next_number_ = 1;
  RestartPolicy restarts_;
  runtime::Timer restart_timer_;
  bool ending_ = false;
  bool stopped_on_purpose_ = false;
  runtime::Gate changed_;
};

}  // namespace baton::supervisor
