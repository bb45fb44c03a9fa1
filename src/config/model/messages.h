// What the failover part tells others besides its notify scripts: lines into named pipes, mail, and
// the two scripts that frame the life of the daemon (reference: keepalived.conf(5), global_defs).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/script.h"

namespace baton::config {

// notify_fifo, vrrp_notify_fifo: each event is one line, `INSTANCE "VI_1" MASTER 100`.
struct NotifyFifo {
  std::string path;
  ScriptUser owner;                     // who may read it
  std::optional<ScriptCommand> script;  // started with the path behind its arguments
  Position where;
};

struct Mail {
  std::vector<std::string> to;
  std::string from;  // empty: keepalived@ and the name of this host
  std::string host;  // smtp_server; empty: no mail
  std::uint16_t port = 25;
  std::string greeting;  // smtp_helo_name; empty: the name of this host
  Duration connect_timeout = 30s;
  bool without_faults = false;  // no_email_faults

  [[nodiscard]] bool is_complete() const { return !to.empty() && !host.empty(); }
};

struct FrameScript {
  std::optional<ScriptCommand> command;
  Duration timeout = 10s;
};

struct Messages {
  std::vector<NotifyFifo> fifos;  // at most two, both get every line
  bool states_on_reload = false;  // fifo_write_vrrp_states_on_reload
  Mail mail;
  FrameScript startup;   // before the first process is started
  FrameScript shutdown;  // after the last one has ended
};

}  // namespace baton::config
