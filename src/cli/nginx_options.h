// nginx's command line, understood as nginx understands it: single letters that may be joined,
// values in the same or the next word, the words of its complaints.
#pragma once

#include <string>
#include <vector>

namespace baton::cli {

struct NginxOptions {
  bool show_help = false;
  bool show_version = false;    // -v, also with -V and -h
  bool show_configure = false;  // -V
  bool test = false;            // -t
  bool dump = false;            // -T
  bool quiet = false;           // -q
  std::string signal;           // -s: stop, quit, reopen, reload
  std::string prefix;           // -p, with a slash at its end; empty: default
  std::string error_log;        // -e; "" and "stderr" are stderr when it was given
  bool error_log_given = false;
  std::string config;      // -c
  std::string directives;  // -g

  // Not empty: the command line is wrong; the text after "nginx: ".
  std::string problem;
};

NginxOptions parse_nginx_options(const std::vector<std::string>& arguments);

// Usage as `nginx -h` prints it.
std::string nginx_usage();

}  // namespace baton::cli
