// `nginx -t`: nginx's wording, nginx's exit codes.

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/check.h"
#include "cli/problems.h"
#include "config/nginx/dump.h"
#include "proxy/logs/log_files.h"
#include "supervisor/listen_sockets.h"
#include "supervisor/logs.h"
#include "supervisor/start_log.h"

namespace baton::cli {

using config::Diagnostic;
using config::Diagnostics;
using config::Severity;
using config::SourceTree;

namespace {

LogLevel level_of(const Diagnostic& diagnostic) {
  return diagnostic.severity == Severity::error     ? LogLevel::emergency
         : diagnostic.severity == Severity::warning ? LogLevel::warning
                                                    : LogLevel::notice;
}

std::string words_of(const Diagnostic& diagnostic) {
  const auto& where = diagnostic.where;
  if (!where.file || where.line == 0) return diagnostic.message;
  return fmt::format("{} in {}:{}", diagnostic.message, *where.file, where.line);
}

// Whether a start could write to its files and listen at its addresses; the problem in nginx's
// words, or nothing. A pid file that is not there is made and taken away again.
std::string problem_at_start(const config::Proxy& proxy) {
  const auto logs = proxy::open_logs(proxy);
  if (!logs) return logs.error();
  const char* pid = proxy.pid_path.c_str();
  const bool is_new = ::access(pid, F_OK) != 0;
  const runtime::Fd file(::open(pid, O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!file) return fmt::format("open() \"{}\" failed ({}: {})", pid, errno, std::strerror(errno));
  if (is_new) ::unlink(pid);
  return supervisor::ListenSockets::try_to_listen(proxy.listeners);
}

}  // namespace

int nginx_test(const NginxTestOptions& options, std::ostream& out, std::ostream& errors) {
  SourceTree sources = SourceTree::from_disk();
  Diagnostics diagnostics;
  std::optional<supervisor::StartLog> start_log;
  if (options.start_log) start_log.emplace(*options.start_log);
  const auto proxy = config::nginx::load(sources, options.load, diagnostics);
  for (const Diagnostic& diagnostic : in_reading_order(diagnostics, sources)) {
    const bool serious = diagnostic.severity != Severity::note;
    if (options.quiet && !serious) continue;
    if (start_log && serious) {
      start_log->write(level_of(diagnostic), words_of(diagnostic));
    } else {
      errors << fmt::format("nginx: [{}] {}\n", supervisor::level_word(level_of(diagnostic)),
                            words_of(diagnostic));
    }
    if (!options.quiet && !diagnostic.suggestion.empty()) {
      errors << "nginx: " << diagnostic.suggestion << '\n';
    }
  }
  const std::string& path = options.load.path;
  if (proxy && !options.quiet) {
    errors << "nginx: the configuration file " << path << " syntax is ok\n" << std::flush;
  }
  const std::string problem = proxy && start_log ? problem_at_start(*proxy) : "";
  if (!problem.empty()) start_log->write(LogLevel::emergency, problem);
  if (!proxy || !problem.empty()) {
    errors << "nginx: configuration file " << path << " test failed\n" << std::flush;
    return 1;
  }
  if (!options.quiet) {
    errors << "nginx: configuration file " << path << " test is successful\n" << std::flush;
  }
  if (options.dump) out << config::nginx::dump(sources);
  return 0;
}

}  // namespace baton::cli
