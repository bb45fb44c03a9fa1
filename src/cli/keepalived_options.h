// keepalived's command line (keepalived(8)): getopt_long with its table.
#pragma once

#include <syslog.h>

#include <string>
#include <vector>

namespace baton::cli {

struct KeepalivedOptions {
  std::string config = "/etc/keepalived/keepalived.conf";  // -f
  std::string config_id;                                   // -i
  bool dont_fork = false;                                  // -n
  bool log_console = false;                                // -l
  bool log_detail = false;                                 // -D
  bool no_syslog = false;                                  // -G
  std::string log_file;                                    // -g[FILE]; empty: none
  int log_facility = LOG_DAEMON;                           // -S
  bool checkers_only = false;                              // -C
  bool dont_release = false;                               // -V
  bool dont_respawn = false;                               // -R
  std::string pid_path = "/run/keepalived.pid";            // -p
  std::string vrrp_pid_path = "/run/vrrp.pid";             // -r
  std::string network_namespace;                           // -s
  bool test = false;                                       // -t
  std::string test_log;                                    // -tFILE
  bool show_version = false;
  bool show_help = false;
  std::string signal_name;  // --signum=NAME

  // Options that were given and have no effect in baton: each is told once.
  std::vector<std::string> notes;
  // Not empty: the command line is wrong.
  std::string problem;
};

// `arguments` without the program's name.
KeepalivedOptions parse_keepalived_options(const std::vector<std::string>& arguments);

// The number of the signal that keepalived takes for `name` ("RELOAD", "DATA", ...); 0 when there
// is none of that name.
int keepalived_signal(const std::string& name);

std::string keepalived_usage(const std::string& program);

}  // namespace baton::cli
