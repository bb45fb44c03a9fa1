// The main level of nginx.conf: processes, the account they run under, files they keep.

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "config/nginx/error_log.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

// Accounts that distributions' stock files name. One of these that does not exist here means a
// file that was brought from another distribution, not a slip of the pen.
constexpr std::array<std::string_view, 5> stock_accounts{"nginx", "www-data", "www", "http",
                                                         "nobody"};

std::string lookup_problem(std::string_view call, const std::string& name, int error) {
  if (error == 0) return fmt::format("{}(\"{}\") failed", call, name);
  return fmt::format("{}(\"{}\") failed ({}: {})", call, name, error, std::strerror(error));
}

void read_user(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  if (::geteuid() != 0) {
    return reader.warning(directive, 0,
                          "the \"user\" directive makes sense only if the master process runs with "
                          "super-user privileges, ignored");
  }
  const std::string& user = directive.word(1);
  const std::string& group = directive.count() == 2 ? directive.word(2) : user;
  errno = 0;
  if (::getpwnam(user.c_str()) == nullptr) {
    const std::string problem = lookup_problem("getpwnam", user, errno);
    if (std::ranges::find(stock_accounts, user) == stock_accounts.end()) {
      return reader.error(directive, 1, problem);
    }
    return reader.warning(directive, 1,
                          problem + ", baton uses its default unprivileged account instead");
  }
  errno = 0;
  if (::getgrnam(group.c_str()) == nullptr) {
    const std::size_t index = directive.count();
    return reader.error(directive, index, lookup_problem("getgrnam", group, errno));
  }
  reader.proxy().user = user;
  reader.proxy().group = group;
}

void read_worker_processes(Reader& reader, const Directive& directive) {
  if (directive.word(1) == "auto") {
    reader.proxy().worker_processes = 0;
    return;
  }
  const auto count = parse_number(directive.word(1));
  if (!count || *count > 1024) return reader.directive_error(directive, 1, "invalid value");
  if (*count == 0) {
    return reader.error(directive, 1,
                        "\"worker_processes 0\" is not supported by baton: nobody would serve");
  }
  reader.proxy().worker_processes = static_cast<std::uint32_t>(*count);
}

void read_pid(Reader& reader, const Directive& directive) {
  reader.proxy().pid_path = reader.full_path(directive.word(1));
}

void read_error_log(Reader& reader, const Directive& directive) {
  if (auto log = parse_error_log(reader, directive)) {
    reader.proxy().error_logs.push_back(std::move(*log));
  }
}

// A number from -20 to 20; nginx refuses others before it would use them.
void read_worker_priority(Reader& reader, const Directive& directive) {
  const auto value = parse_signed(directive.word(1));
  if (!value) return reader.directive_error(directive, 1, "invalid number");
  reader.note_once(directive, "worker_priority",
                   "directive \"worker_priority\" has no effect in baton");
}

// The parser has put the files of an `include` in its place; what is left is one with the wrong
// number of arguments, which the grammar has told about.
void read_include(Reader&, const Directive&) {}

constexpr auto processes = "baton's processes are its own";

constexpr Rule rules[] = {
    supported("include", UINT32_MAX, take1, read_include),
    supported("user", in_main, take12, read_user),
    supported("worker_processes", in_main, take1, read_worker_processes, Value::text),
    supported("worker_rlimit_nofile", in_main, take1, set_number<&Proxy::worker_rlimit_nofile>,
              Value::number),
    supported("worker_shutdown_timeout", in_main, take1,
              set_milliseconds<&Proxy::worker_shutdown_timeout>, Value::milliseconds),
    supported("pid", in_main, take1, read_pid, Value::text),
    supported("daemon", in_main, take_switch, set_switch<&Proxy::daemon>),
    supported("master_process", in_main, take_switch, set_switch<&Proxy::master_process>),
    supported("error_log", in_main, take1_or_more, read_error_log),
    supported("worker_priority", in_main, take1, read_worker_priority, Value::text),
    no_effect("timer_resolution", in_main, take1, Value::milliseconds),
    no_effect("lock_file", in_main, take1, Value::text),
    no_effect("debug_points", in_main, take1, Value::text),
    no_effect("worker_cpu_affinity", in_main, take1_or_more, Value::text),
    no_effect("worker_rlimit_core", in_main, take1, Value::offset),
    no_effect("working_directory", in_main, take1, Value::text),
    no_effect("env", in_main, take1, Value::any, processes),
    no_effect("load_module", in_main, take1, Value::any,
              "what it offers is built in or not offered"),
    no_effect("thread_pool", in_main, take23),
    no_effect("pcre_jit", in_main, take_switch),
    no_effect("ssl_object_cache_inheritable", in_main, take_switch),
    no_effect("quic_bpf", in_main, take_switch),
    refused("ssl_engine", in_main, take1),
};

}  // namespace

std::span<const Rule> core_rules() {
  return rules;
}

}  // namespace baton::config::nginx
