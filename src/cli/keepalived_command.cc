// Started as `keepalived`: its command line, carried out.

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/version.h"
#include "cli/check.h"
#include "cli/commands.h"
#include "cli/keepalived_options.h"
#include "supervisor/places.h"
#include "supervisor/supervise.h"

namespace baton::cli {

namespace {

int refuse(const std::string& text) {
  fmt::print(stderr, "{}\n", text);
  return 1;
}

int test(const KeepalivedOptions& options) {
  KeepalivedTestOptions request;
  request.path = std::filesystem::absolute(options.config);
  request.config_id = options.config_id;
  request.on_this_host = options.network_namespace.empty();
  if (options.test_log.empty()) return keepalived_test(request, std::cerr);
  std::ofstream log(options.test_log, std::ios::app);
  return keepalived_test(request, log);
}

supervisor::Options tree_options(const KeepalivedOptions& options, const CommandLine& line) {
  supervisor::Options start;
  start.personality = supervisor::Personality::keepalived;
  start.files.failover = {std::filesystem::absolute(options.config), options.config_id};
  start.run_directory = default_run_directory();
  start.pid_path = options.pid_path;
  start.failover_pid_paths = {options.vrrp_pid_path};
  const KeepalivedOptions defaults;
  start.has_default_pid_paths =
      options.pid_path == defaults.pid_path && options.vrrp_pid_path == defaults.vrrp_pid_path;
  start.network_namespace = options.network_namespace;
  start.daemonize = !options.dont_fork;
  start.command_line = line.text();
  start.log_to_console = options.log_console;
  start.log_to_syslog = !options.no_syslog;
  start.log_file = options.log_file;
  start.syslog_facility = options.log_facility;
  start.log_detail = options.log_detail;
  start.keep_addresses_at_end = options.dont_release;
  start.restart_never = options.dont_respawn;
  return start;
}

}  // namespace

int run_as_keepalived(const CommandLine& line) {
  const KeepalivedOptions options = parse_keepalived_options(line.arguments);
  if (!options.problem.empty()) return refuse(options.problem);
  if (options.show_help) {
    fmt::print("{}", keepalived_usage(line.program));
    return 0;
  }
  if (options.show_version) {
    fmt::print(stderr, "Keepalived v{} (baton {})\n", keepalived_version, BATON_VERSION);
    return 0;
  }
  if (!options.signal_name.empty()) {
    const int number = keepalived_signal(options.signal_name);
    if (number == 0) return refuse("Unknown sigfunc " + options.signal_name);
    fmt::print("{}\n", number);
    return 0;
  }
  if (options.checkers_only) {
    return refuse(
        "keepalived: -C asks for the LVS health checkers alone, which baton does not have");
  }
  for (const auto& note : options.notes) fmt::print(stderr, "keepalived: no effect: {}\n", note);
  if (options.test) return test(options);
  if (!options.network_namespace.empty()) {
    const Status entered = supervisor::enter_network_namespace(options.network_namespace);
    if (!entered) {
      return refuse(fmt::format("keepalived: cannot enter network namespace {} ({})",
                                options.network_namespace, describe(entered.error())));
    }
  }
  return supervisor::supervise(tree_options(options, line));
}

}  // namespace baton::cli
