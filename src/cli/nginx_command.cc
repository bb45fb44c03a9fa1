// Started as `nginx`: its command line, carried out.

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>

#include "base/text.h"
#include "base/version.h"
#include "cli/check.h"
#include "cli/commands.h"
#include "cli/nginx_modules.h"
#include "cli/nginx_options.h"
#include "supervisor/start_log.h"
#include "supervisor/supervise.h"
#include "supervisor/tree_log.h"

namespace baton::cli {

namespace {

constexpr const char* default_config = "/etc/nginx/nginx.conf";
constexpr const char* default_prefix = "/etc/nginx/";
constexpr const char* default_error_log = "/var/log/nginx/error.log";

// The library that was built against, and the one that is here when it is another.
void print_openssl() {
  const std::string_view running = OpenSSL_version(OPENSSL_VERSION);
  fmt::print(stderr, "built with {}", OPENSSL_VERSION_TEXT);
  if (running != OPENSSL_VERSION_TEXT) fmt::print(stderr, " (running with {})", running);
  fmt::print(stderr, "\n");
}

void print_version(const NginxOptions& options) {
  fmt::print(stderr, "nginx version: nginx/{} (baton {})\n", nginx_version, BATON_VERSION);
  if (options.show_help) fmt::print(stderr, "{}", nginx_usage());
  if (!options.show_configure) return;
  fmt::print(stderr, "built by clang {}\n", __clang_version__);
  print_openssl();
  const std::string modules = module_arguments();
  if (modules.find("--with-http_ssl_module") != std::string::npos) {
    fmt::print(stderr, "TLS SNI support enabled\n");
  }
  fmt::print(stderr,
             "configure arguments: --prefix=/etc/nginx --conf-path={} --error-log-path={} "
             "--http-log-path=/var/log/nginx/access.log --pid-path=/run/nginx.pid "
             "--with-pcre-jit {}\n",
             default_config, default_error_log, modules);
}

// What -e says: "" is stderr.
std::string start_log_path(const NginxOptions& options, const std::string& prefix) {
  if (!options.error_log_given) return default_error_log;
  if (options.error_log.empty() || options.error_log == "stderr") return "";
  return options.error_log.starts_with('/') ? options.error_log : prefix + options.error_log;
}

// As nginx, paths stay as they were typed: a relative prefix is relative in messages, too.
config::nginx::LoadOptions load_options(const NginxOptions& options) {
  config::nginx::LoadOptions result;
  result.prefix = options.prefix.empty() ? default_prefix : options.prefix;
  result.path = options.config.empty() ? default_config : options.config;
  if (!result.path.starts_with('/')) result.path = result.prefix + result.path;
  result.global_directives = options.directives;
  result.error_log = start_log_path(options, result.prefix);
  if (result.error_log.empty()) result.error_log = "stderr";
  return result;
}

// The number in the pid file; 0, with the problem told, when there is none.
pid_t read_pid(const std::string& path, Log& log) {
  std::ifstream file(path);
  if (!file) {
    log.print(LogLevel::error, "open() \"{}\" failed ({}: {})", path, errno, std::strerror(errno));
    return 0;
  }
  std::string text;
  std::getline(file, text);
  const auto pid = parse_unsigned(trimmed(text), INT32_MAX);
  if (pid && *pid > 0) return static_cast<pid_t>(*pid);
  log.print(LogLevel::error, "invalid PID number \"{}\" in \"{}\"", text, path);
  return 0;
}

// nginx -s: the pid file names the process.
int send_signal(const NginxOptions& options, const std::string& start_log) {
  static const std::map<std::string, int> numbers = {
      {"stop", SIGTERM}, {"quit", SIGQUIT}, {"reopen", SIGUSR1}, {"reload", SIGHUP}};
  supervisor::ConfigurationFiles files;
  files.proxy = load_options(options);
  supervisor::StartLog problems(start_log);
  const auto loaded = supervisor::load_configuration(files, supervisor::Wording::nginx);
  if (!loaded.configuration) {
    for (const auto& [level, line] : loaded.log_lines) problems.write(level, line);
    return 1;
  }
  // From here on the log is that of the configuration.
  const config::Proxy& proxy = *loaded.configuration->proxy;
  supervisor::Options as_nginx;
  as_nginx.personality = supervisor::Personality::nginx;
  const auto log = supervisor::make_tree_log(as_nginx, &proxy);
  log->add(std::make_unique<supervisor::ConsoleLog>());
  log->write(LogLevel::notice, "signal process started");
  const pid_t pid = read_pid(proxy.pid_path, *log);
  if (pid == 0) return 1;
  if (::kill(pid, numbers.at(options.signal)) == 0) return 0;
  log->print(LogLevel::alert, "kill({}, {}) failed ({}: {})", pid, numbers.at(options.signal),
             errno, std::strerror(errno));
  return 1;
}

}  // namespace

int run_as_nginx(const CommandLine& line) {
  const NginxOptions options = parse_nginx_options(line.arguments);
  if (!options.problem.empty()) {
    fmt::print(stderr, "nginx: {}\n", options.problem);
    return 1;
  }
  if (options.show_version) {
    print_version(options);
    if (!options.test) return 0;
  }
  const std::string start_log =
      start_log_path(options, options.prefix.empty() ? default_prefix : options.prefix);
  if (options.test) {
    NginxTestOptions test;
    test.load = load_options(options);
    test.start_log = start_log;
    test.dump = options.dump;
    test.quiet = options.quiet;
    return nginx_test(test, std::cout, std::cerr);
  }
  if (!options.signal.empty()) return send_signal(options, start_log);
  supervisor::Options start;
  start.personality = supervisor::Personality::nginx;
  start.files.proxy = load_options(options);
  start.run_directory = default_run_directory();
  start.command_line = line.text();
  start.program = line.program;
  start.arguments = line.arguments;
  start.start_log = start_log;
  return supervisor::supervise(std::move(start));
}

}  // namespace baton::cli
