// Checking configurations, in three manners of speaking.

#include "cli/check.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "config/keepalived/load.h"
#include "config/keepalived/verdicts.h"

namespace baton::cli {

namespace {

using config::Diagnostic;
using config::Diagnostics;
using config::Severity;
using config::SourceTree;

constexpr int exit_missing_parameter = 2;
constexpr int exit_unreadable = 4;
constexpr int exit_reported = 5;
constexpr int exit_security = 6;

// In the order of the files and their lines, whatever order they were found in.
std::vector<Diagnostic> in_reading_order(const Diagnostics& diagnostics,
                                         const SourceTree& sources) {
  std::map<std::string, std::size_t> rank;
  for (const auto& path : sources.order()) rank.emplace(path, rank.size() + 1);
  const auto key = [&rank](const Diagnostic& diagnostic) {
    const auto& where = diagnostic.where;
    const auto found = where.file ? rank.find(*where.file) : rank.end();
    return std::tuple(found == rank.end() ? 0 : found->second, where.line, where.column);
  };
  std::vector<const Diagnostic*> order;
  for (const Diagnostic& diagnostic : diagnostics.all()) order.push_back(&diagnostic);
  // Elements of one vector: their addresses keep the order of what stands in the same place.
  std::ranges::sort(order, [&key](const Diagnostic* a, const Diagnostic* b) {
    return std::pair(key(*a), a) < std::pair(key(*b), b);
  });
  std::vector<Diagnostic> sorted;
  for (const Diagnostic* diagnostic : order) sorted.push_back(*diagnostic);
  return sorted;
}

std::string coloured(std::string text, Severity severity) {
  const std::string_view word = severity == Severity::error     ? "error: "
                                : severity == Severity::warning ? "warning: "
                                                                : "note: ";
  const std::string_view colour = severity == Severity::error     ? "\x1b[1;31m"
                                  : severity == Severity::warning ? "\x1b[1;35m"
                                                                  : "\x1b[1;36m";
  const std::size_t at = text.find(word);
  if (at == std::string::npos) return text;
  text.insert(at + word.size(), "\x1b[0m");
  text.insert(at, colour);
  return text;
}

bool covers(const config::Listener& listener, const net::IpAddress& address) {
  if (!listener.address.unix_path.empty()) return false;
  const net::IpAddress& bound = listener.address.endpoint.address;
  if (bound == address) return true;
  if (!bound.is_any()) return false;
  return bound.family() == address.family() || (!bound.is_ipv4() && !listener.ipv6_only);
}

// What only shows when both files are seen together.
void compare_parts(const config::Proxy& proxy, const config::Failover& failover,
                   Diagnostics& diagnostics) {
  if (!proxy.has_http) return;
  for (const auto& instance : failover.instances) {
    for (const auto* list : {&instance.addresses, &instance.excluded_addresses}) {
      for (const auto& address : *list) {
        if (std::ranges::any_of(proxy.listeners, [&address](const config::Listener& listener) {
              return covers(listener, address.prefix.address);
            })) {
          continue;
        }
        diagnostics.note(address.where,
                         fmt::format("no `listen` of the proxy covers {}: nobody will answer on "
                                     "this virtual address",
                                     address.prefix.address.text()));
      }
    }
  }
}

bool runs_as_root(const std::optional<config::ScriptCommand>& command) {
  return command && command->user.uid == 0;
}

bool runs_as_root(const config::NotifyCommands& notify) {
  return runs_as_root(notify.master) || runs_as_root(notify.backup) || runs_as_root(notify.fault) ||
         runs_as_root(notify.stop) || runs_as_root(notify.any);
}

// Null when no script runs as root, or when script security watches over them.
const config::Position* unguarded_root_script(const config::Failover& model) {
  if (model.script_security) return nullptr;
  for (const auto& script : model.scripts) {
    if (script.command.user.uid == 0) return &script.command.where;
  }
  for (const auto& instance : model.instances) {
    if (runs_as_root(instance.notify)) return &instance.where;
  }
  for (const auto& group : model.sync_groups) {
    if (runs_as_root(group.notify)) return &group.where;
  }
  return nullptr;
}

void note_root_scripts(const config::Failover& model, Diagnostics& diagnostics) {
  if (const auto* where = unguarded_root_script(model)) {
    diagnostics.note(*where,
                     "scripts run as root and enable_script_security is not set: whoever can "
                     "write a script or a folder above it is root");
  }
}

std::string counted(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::string summary(const Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.count(Severity::error);
  std::string text = fmt::format("{}, {}, {}", counted(errors, "error"),
                                 counted(diagnostics.count(Severity::warning), "warning"),
                                 counted(diagnostics.count(Severity::note), "note"));
  if (diagnostics.dropped() > 0) {
    text += fmt::format(" and {} more problems that are not shown", diagnostics.dropped());
  }
  if (errors == 0 && !diagnostics.failed()) return text + ": in order";
  return text + (diagnostics.failed() ? ": baton would not start with this"
                                      : ": baton would start all the same, as keepalived does");
}

std::string nginx_line(const Diagnostic& diagnostic) {
  const std::string_view level = diagnostic.severity == Severity::error     ? "emerg"
                                 : diagnostic.severity == Severity::warning ? "warn"
                                                                            : "notice";
  std::string text = fmt::format("nginx: [{}] {}", level, diagnostic.message);
  if (diagnostic.where.file && diagnostic.where.line > 0) {
    text += fmt::format(" in {}:{}", *diagnostic.where.file, diagnostic.where.line);
  }
  return text;
}

std::string keepalived_line(const Diagnostic& diagnostic, bool several_files) {
  const config::Position& where = diagnostic.where;
  if (!where.file || where.line == 0) return diagnostic.message;
  if (several_files) {
    return fmt::format("({}: Line {}) {}", *where.file, where.line, diagnostic.message);
  }
  return fmt::format("(Line {}) {}", where.line, diagnostic.message);
}

void dump_files(SourceTree& sources, std::ostream& out) {
  const std::vector<std::string> paths = sources.order();
  for (const auto& path : paths) {
    if (const auto text = sources.read(path)) {
      fmt::print(out, "# configuration file {}:\n{}\n", path, *text);
    }
  }
}

int keepalived_code(const Diagnostics& diagnostics, const config::Failover* model, bool was_read) {
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.message.starts_with(config::keepalived::missing_parameter_prefix)) {
      return exit_missing_parameter;
    }
  }
  if (!was_read) return exit_unreadable;
  if (model && unguarded_root_script(*model)) return exit_security;
  const bool reported =
      diagnostics.count(Severity::error) > 0 || diagnostics.count(Severity::warning) > 0;
  return reported ? exit_reported : 0;
}

}  // namespace

int check(const CheckOptions& options, std::ostream& out) {
  SourceTree sources = SourceTree::from_disk();
  Diagnostics diagnostics;
  std::shared_ptr<const config::Proxy> proxy;
  std::shared_ptr<const config::Failover> failover;
  if (!options.proxy_path.empty()) {
    config::nginx::LoadOptions load;
    load.path = options.proxy_path;
    load.prefix = options.proxy_prefix;
    proxy = config::nginx::load(sources, load, diagnostics);
  }
  if (!options.failover_path.empty()) {
    failover =
        config::keepalived::load(sources, {options.failover_path, options.config_id}, diagnostics);
    if (failover) note_root_scripts(*failover, diagnostics);
  }
  if (proxy && failover) compare_parts(*proxy, *failover, diagnostics);
  for (const Diagnostic& diagnostic : in_reading_order(diagnostics, sources)) {
    const std::string text = config::render(diagnostic, sources);
    out << (options.colours ? coloured(text, diagnostic.severity) : text);
  }
  out << summary(diagnostics) << '\n' << std::flush;
  return diagnostics.count(Severity::error) > 0 || diagnostics.failed() ? 1 : 0;
}

int nginx_test(const NginxTestOptions& options, std::ostream& out, std::ostream& errors) {
  SourceTree sources = SourceTree::from_disk();
  Diagnostics diagnostics;
  const auto proxy = config::nginx::load(sources, options.load, diagnostics);
  for (const Diagnostic& diagnostic : in_reading_order(diagnostics, sources)) {
    if (options.quiet && diagnostic.severity != Severity::error) continue;
    errors << nginx_line(diagnostic) << '\n';
    if (!options.quiet && !diagnostic.suggestion.empty()) {
      errors << "nginx: " << diagnostic.suggestion << '\n';
    }
  }
  const std::string& path = options.load.path;
  if (!proxy) {
    errors << "nginx: configuration file " << path << " test failed\n" << std::flush;
    return 1;
  }
  if (!options.quiet) {
    errors << "nginx: the configuration file " << path << " syntax is ok\n"
           << "nginx: configuration file " << path << " test is successful\n"
           << std::flush;
  }
  if (options.dump) dump_files(sources, out);
  return 0;
}

int keepalived_test(const KeepalivedTestOptions& options, std::ostream& errors) {
  SourceTree sources = SourceTree::from_disk();
  Diagnostics diagnostics;
  const auto model =
      config::keepalived::load(sources, {options.path, options.config_id}, diagnostics);
  const bool several_files = sources.order().size() > 1;
  for (const Diagnostic& diagnostic : in_reading_order(diagnostics, sources)) {
    errors << keepalived_line(diagnostic, several_files) << '\n';
    if (!diagnostic.suggestion.empty()) errors << "    " << diagnostic.suggestion << '\n';
  }
  if (model && unguarded_root_script(*model)) {
    errors << "SECURITY VIOLATION - scripts are being executed but script_security not enabled.\n";
  }
  errors << std::flush;
  return keepalived_code(diagnostics, model.get(), !sources.order().empty());
}

}  // namespace baton::cli
