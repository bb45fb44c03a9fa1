// Started as `nginx`: its command line, carried out.

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>

#include "base/text.h"
#include "base/version.h"
#include "cli/check.h"
#include "cli/commands.h"
#include "cli/nginx_options.h"
#include "supervisor/supervise.h"

namespace baton::cli {

namespace {

constexpr const char* default_config = "/etc/nginx/nginx.conf";
constexpr const char* default_prefix = "/etc/nginx";

void print_version(const NginxOptions& options) {
  fmt::print(stderr, "nginx version: nginx/{} (baton {})\n", nginx_version, BATON_VERSION);
  if (options.show_help) fmt::print(stderr, "{}", nginx_usage());
  if (options.show_configure) {
    // What is not there is said in nginx's own way of saying it.
    fmt::print(stderr,
               "built by clang {}\n"
               "configure arguments: --prefix={} --conf-path={} --pid-path=/run/nginx.pid "
               "--error-log-path=stderr --with-threads "
               "--without-http_ssi_module --without-http_userid_module "
               "--without-http_auth_basic_module --without-http_mirror_module "
               "--without-http_geo_module --without-http_map_module "
               "--without-http_split_clients_module --without-http_referer_module "
               "--without-http_fastcgi_module --without-http_uwsgi_module "
               "--without-http_scgi_module --without-http_grpc_module "
               "--without-http_memcached_module --without-http_limit_conn_module "
               "--without-http_limit_req_module --without-http_empty_gif_module "
               "--without-http_browser_module --without-http_gzip_module "
               "--without-http_upstream_hash_module --without-http_upstream_ip_hash_module "
               "--without-http_upstream_least_conn_module "
               "--without-http_upstream_random_module --without-http-cache\n",
               __clang_version__, default_prefix, default_config);
  }
}

config::nginx::LoadOptions load_options(const NginxOptions& options) {
  config::nginx::LoadOptions result;
  const std::filesystem::path prefix = options.prefix.empty() ? default_prefix : options.prefix;
  result.prefix = std::filesystem::absolute(prefix);
  if (result.prefix.size() > 1 && result.prefix.ends_with('/')) result.prefix.pop_back();
  // A relative -c starts at the prefix, an absolute one does not care.
  result.path = options.config.empty() ? default_config
                                       : (std::filesystem::path(result.prefix) / options.config);
  result.global_directives = options.directives;
  result.error_log = options.error_log;
  return result;
}

int error(const std::string& text) {
  fmt::print(stderr, "nginx: [error] {}\n", text);
  return 1;
}

// nginx -s: the pid file names the process.
int send_signal(const NginxOptions& options) {
  static const std::map<std::string, int> numbers = {
      {"stop", SIGTERM}, {"quit", SIGQUIT}, {"reopen", SIGUSR1}, {"reload", SIGHUP}};
  supervisor::ConfigurationFiles files;
  files.proxy = load_options(options);
  const auto loaded = supervisor::load_configuration(files, supervisor::Wording::nginx);
  if (!loaded.configuration) {
    fmt::print(stderr, "{}", loaded.report);
    return 1;
  }
  const std::string& path = loaded.configuration->proxy->pid_path;
  std::ifstream file(path);
  if (!file) {
    return error(fmt::format("open() \"{}\" failed ({}: {})", path, errno, std::strerror(errno)));
  }
  std::string text;
  std::getline(file, text);
  const auto pid = parse_unsigned(trimmed(text), INT32_MAX);
  if (!pid || *pid == 0)
    return error(fmt::format("invalid PID number \"{}\" in \"{}\"", text, path));
  if (::kill(static_cast<pid_t>(*pid), numbers.at(options.signal)) == 0) return 0;
  fmt::print(stderr, "nginx: [alert] kill({}, {}) failed ({}: {})\n", *pid,
             numbers.at(options.signal), errno, std::strerror(errno));
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
  if (options.test) {
    NginxTestOptions test;
    test.load = load_options(options);
    test.dump = options.dump;
    test.quiet = options.quiet;
    return nginx_test(test, std::cout, std::cerr);
  }
  if (!options.signal.empty()) return send_signal(options);
  supervisor::Options start;
  start.personality = supervisor::Personality::nginx;
  start.files.proxy = load_options(options);
  start.run_directory = default_run_directory();
  start.command_line = line.text();
  return supervisor::supervise(std::move(start));
}

}  // namespace baton::cli
