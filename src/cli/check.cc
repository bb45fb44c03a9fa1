// `baton check`: both files, everything at once, and what only shows when they are seen together.

#include "cli/check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "cli/missing_interfaces.h"
#include "cli/problems.h"
#include "config/keepalived/load.h"
#include "supervisor/pair_key.h"

namespace baton::cli {

namespace {

using config::Diagnostic;
using config::Diagnostics;
using config::Severity;
using config::SourceTree;

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

void note_root_scripts(const config::Failover& model, Diagnostics& diagnostics) {
  const auto* frame = unguarded_frame_script(model);
  if (const auto* where = frame ? frame : unguarded_root_script(model)) {
    diagnostics.note(*where,
                     "scripts run as root and enable_script_security is not set: whoever can "
                     "write a script or a folder above it is root");
  }
}

// Whether the key can be used is seen by who may read it: root.
void check_pair_key(const config::Failover& model, Diagnostics& diagnostics) {
  if (!model.pair.needs_key() || ::geteuid() != 0) return;
  std::string problem;
  supervisor::read_pair_key(model.pair.key_file, problem);
  if (!problem.empty()) diagnostics.error(model.pair.where, problem);
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
    if (failover) {
      note_root_scripts(*failover, diagnostics);
      check_pair_key(*failover, diagnostics);
      if (options.on_this_host) {
        warn_of_missing_interfaces(*failover, interfaces_here(), "", diagnostics);
      }
    }
  }
  if (proxy && failover) compare_parts(*proxy, *failover, diagnostics);
  for (const Diagnostic& diagnostic : in_reading_order(diagnostics, sources)) {
    const std::string text = config::render(diagnostic, sources);
    out << (options.colours ? coloured(text, diagnostic.severity) : text);
  }
  out << summary(diagnostics) << '\n' << std::flush;
  return diagnostics.count(Severity::error) > 0 || diagnostics.failed() ? 1 : 0;
}

}  // namespace baton::cli
