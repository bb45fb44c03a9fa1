// `baton check`, `nginx -t` and `keepalived -t`: read the files, say what is wrong with them, start
// nothing. check() shows everything at once in baton's manner; the other two keep the wording and
// the exit codes that scripts and playbooks of nginx and keepalived look at.
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "config/nginx/load.h"

namespace baton::cli {

struct CheckOptions {
  // Empty: that part is not checked.
  std::string proxy_path;
  std::string proxy_prefix = "/etc/nginx";
  std::string failover_path;
  std::string config_id;      // of keepalived.conf's @id lines; empty: the short host name
  bool colours = false;       // only for a terminal
  bool on_this_host = false;  // interfaces that are not here are told
};

// All problems of both files, each with its line and a caret, and one summary line. Returns 0, or
// 1 when there are errors; warnings and notes do not count.
int check(const CheckOptions& options, std::ostream& out);

struct NginxTestOptions {
  config::nginx::LoadOptions load;
  bool dump = false;   // -T: the files themselves go to `out`
  bool quiet = false;  // -q: errors and warnings only
  // Where errors are also written to (-e); empty: to stderr alone, in the form of a log's lines.
  std::optional<std::string> start_log;
};

// Returns 0 or 1, as `nginx -t`.
int nginx_test(const NginxTestOptions& options, std::ostream& out, std::ostream& errors);

struct KeepalivedTestOptions {
  std::string path = "/etc/keepalived/keepalived.conf";
  std::string config_id;
  bool on_this_host = false;  // interfaces that are not here are told
};

// Returns, as `keepalived -t`: 0 in order; 2 a parameter is missing; 4 the file cannot be read;
// 5 something was reported; 6 scripts run as root without enable_script_security.
int keepalived_test(const KeepalivedTestOptions& options, std::ostream& errors);

}  // namespace baton::cli
