// Choosing among the sinks of logs.h.

#include "supervisor/tree_log.h"

#include <unistd.h>

#include "supervisor/patient_logs.h"

namespace baton::supervisor {

namespace {

std::unique_ptr<TeeLog> keepalived_log(const Options& options, const std::string& ident) {
  auto log = std::make_unique<TeeLog>();
  if (options.log_to_console) {
    log->add(std::make_unique<StreamLog>(STDERR_FILENO, LineStyle::console, ident, LogLevel::info));
  } else if (options.log_to_syslog) {
    log->add(std::make_unique<SyslogLog>(ident, options.syslog_facility, LogLevel::info));
  }
  if (!options.log_file.empty()) {
    log->add(std::make_unique<FileLog>(options.log_file, LineStyle::baton, ident, LogLevel::info));
  }
  return log;
}

std::unique_ptr<Log> nginx_log(const config::ErrorLog& target) {
  if (target.syslog) return std::make_unique<SyslogServerLog>(*target.syslog, target.level);
  if (target.path == "stderr") {
    return std::make_unique<StreamLog>(STDERR_FILENO, LineStyle::nginx, "nginx", target.level);
  }
  return std::make_unique<FileLog>(target.path, LineStyle::nginx, "nginx", target.level);
}

}  // namespace

std::unique_ptr<TeeLog> make_tree_log(const Options& options, const config::Proxy* proxy) {
  if (options.personality == Personality::keepalived) {
    return keepalived_log(options, "Keepalived" + options.ident_suffix);
  }
  auto log = std::make_unique<TeeLog>();
  if (options.personality == Personality::baton || !proxy) {
    log->add(std::make_unique<StreamLog>(STDERR_FILENO, LineStyle::baton, "baton", LogLevel::info));
    return log;
  }
  if (proxy->error_logs.empty()) {
    log->add(
        std::make_unique<StreamLog>(STDERR_FILENO, LineStyle::nginx, "nginx", LogLevel::error));
  }
  for (const auto& target : proxy->error_logs) log->add(nginx_log(target));
  return log;
}

std::unique_ptr<Log> make_failover_log(const Options& options) {
  const std::string ident = "Keepalived_vrrp" + options.ident_suffix;
  const bool as_keepalived = options.personality == Personality::keepalived;
  auto log = std::make_unique<TeeLog>();
  if (!as_keepalived || options.log_to_console) {
    const auto style = as_keepalived ? LineStyle::console : LineStyle::baton;
    log->add(std::make_unique<PatientStreamLog>(STDERR_FILENO, style, ident, LogLevel::info));
  } else if (options.log_to_syslog) {
    log->add(std::make_unique<PatientSyslogLog>(ident, options.syslog_facility, LogLevel::info));
  }
  if (as_keepalived && !options.log_file.empty()) {
    log->add(std::make_unique<FileLog>(options.log_file, LineStyle::baton, ident, LogLevel::info));
  }
  return log;
}

void reopen(TeeLog& log) {
  for (const auto& each : log.logs()) {
    if (auto* file = dynamic_cast<FileLog*>(each.get())) static_cast<void>(file->reopen());
  }
}

}  // namespace baton::supervisor
