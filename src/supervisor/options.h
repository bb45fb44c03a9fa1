// What a supervisor is started with: which parts, under which of the three names, where its files
// are. Filled in by the commands in src/cli/.
#pragma once

#include <syslog.h>

#include <string>
#include <vector>

#include "supervisor/configuration.h"

namespace baton::supervisor {

// The name under which baton was started, which decides over signals, wording, pid files.
enum class Personality : std::uint8_t { baton, nginx, keepalived };

constexpr Wording wording_of(Personality personality) {
  return personality == Personality::nginx        ? Wording::nginx
         : personality == Personality::keepalived ? Wording::keepalived
                                                  : Wording::baton;
}

struct Options {
  Personality personality = Personality::baton;
  ConfigurationFiles files;
  std::string run_directory = "/run/baton";
  // The supervisor's own pid file, which is the lock of the instance. As nginx: empty, the
  // configuration's `pid`.
  std::string pid_path;
  std::vector<std::string> failover_pid_paths;
  bool has_default_pid_paths = false;  // the command line names none: keepalived.conf may
  std::string network_namespace;  // the one we are in by -s or net_namespace; empty: as started
  std::string ident_suffix;       // behind keepalived's idents in the log
  bool daemonize = false;         // as nginx: unless the configuration says `daemon off`
  std::string command_line;       // for the title and the log
  // argv, for the new binary of a live upgrade.
  std::string program;
  std::vector<std::string> arguments;
  // nginx's -e: where problems go before error_log is known; empty: stderr.
  std::string start_log;

  // keepalived's
  bool log_to_console = false;  // -l
  bool log_to_syslog = true;    // not -G
  std::string log_file;         // -g
  int syslog_facility = LOG_DAEMON;
  bool log_detail = true;              // -D
  bool keep_addresses_at_end = false;  // -V
  bool restart_never = false;          // -R
};

}  // namespace baton::supervisor
