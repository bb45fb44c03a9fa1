// What the tree tells the world about failover besides the notify scripts: FIFOs with the scripts
// that read them, mail, and the scripts at the start and at the end.
//
// The failover process says what has happened (ipc::Announcement); this needs the supervisor's
// rights and its leave to fork.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "config/model/failover.h"
#include "ipc/messages.h"
#include "runtime/loop.h"
#include "runtime/task.h"
#include "supervisor/fifo_writer.h"
#include "supervisor/mailer.h"
#include "supervisor/script_runner.h"

namespace baton::supervisor {

class Messenger {
 public:
  Messenger(runtime::Loop& loop, runtime::TaskScope& scope, Log& log)
      : loop_(loop),
        log_(log),
        fifos_(log),
        mailer_(loop, scope, log),
        companions_(loop, scope),
        frame_(loop, scope) {}

  // Before the failover process is started with, or given, this configuration.
  void configure(std::shared_ptr<const config::Failover> config);
  void announce(const ipc::Announcement& announcement);
  // The FIFOs are closed, what waits gets a bounded time: readers to read on, mail to leave.
  runtime::Task<void> finish();
  // Runs startup_script or shutdown_script and waits for it, as long as it may take.
  runtime::Task<void> run_frame(const config::FrameScript& script, std::string_view word);

 private:
  static constexpr Duration finish_patience = 1s;
  void start_companion(const config::NotifyFifo& fifo);

  runtime::Loop& loop_;
  Log& log_;
  std::shared_ptr<const config::Failover> config_;
  FifoWriter fifos_;
  Mailer mailer_;
  ScriptRunner companions_;
  ScriptRunner frame_;
  std::vector<std::string> running_;  // paths of FIFOs whose script runs
};

}  // namespace baton::supervisor
