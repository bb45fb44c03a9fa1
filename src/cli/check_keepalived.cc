// `keepalived -t`: keepalived's wording, keepalived's exit codes. What baton calls a warning,
// keepalived reports like an error; notes are baton's own and count for nothing.

#include <fmt/format.h>

#include "cli/check.h"
#include "cli/missing_interfaces.h"
#include "cli/problems.h"
#include "config/keepalived/load.h"
#include "config/keepalived/verdicts.h"

namespace baton::cli {

using config::Diagnostic;
using config::Diagnostics;
using config::Severity;
using config::SourceTree;

namespace {

constexpr int exit_missing_parameter = 2;
constexpr int exit_unreadable = 4;
constexpr int exit_reported = 5;
constexpr int exit_security = 6;

std::string keepalived_line(const Diagnostic& diagnostic, bool several_files) {
  const config::Position& where = diagnostic.where;
  if (!where.file || where.line == 0) return diagnostic.message;
  if (several_files) {
    return fmt::format("({}: Line {}) {}", *where.file, where.line, diagnostic.message);
  }
  return fmt::format("(Line {}) {}", where.line, diagnostic.message);
}

// keepalived has one code for this and for missing script security.
bool is_failed_include(const Diagnostic& diagnostic) {
  using namespace config::keepalived;
  if (diagnostic.severity != Severity::error || diagnostic.tolerated) return false;
  for (const auto prefix : {files_missing, some_files_missing, no_files_matched, file_unreadable}) {
    if (diagnostic.message.starts_with(prefix)) return true;
  }
  return false;
}

int keepalived_code(const Diagnostics& diagnostics, const config::Failover* model, bool was_read) {
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.message.starts_with(config::keepalived::missing_parameter_prefix)) {
      return exit_missing_parameter;
    }
  }
  if (!was_read) return exit_unreadable;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (is_failed_include(diagnostic)) return exit_security;
  }
  if (model && (unguarded_root_script(*model) || unguarded_frame_script(*model))) {
    return exit_security;
  }
  const bool reported =
      diagnostics.count(Severity::error) > 0 || diagnostics.count(Severity::warning) > 0;
  return reported ? exit_reported : 0;
}

}  // namespace

int keepalived_test(const KeepalivedTestOptions& options, std::ostream& errors) {
  SourceTree sources = SourceTree::from_disk();
  Diagnostics diagnostics;
  const auto model =
      config::keepalived::load(sources, {options.path, options.config_id}, diagnostics);
  if (model && options.on_this_host) {
    warn_of_missing_interfaces(*model, interfaces_here(), "WARNING - ", diagnostics);
  }
  const bool several_files = sources.order().size() > 1;
  for (const Diagnostic& diagnostic : in_reading_order(diagnostics, sources)) {
    errors << keepalived_line(diagnostic, several_files) << '\n';
    if (!diagnostic.suggestion.empty()) errors << "    " << diagnostic.suggestion << '\n';
  }
  if (model && unguarded_frame_script(*model)) {
    errors << "SECURITY VIOLATION - start/shutdown scripts are being executed but "
              "script_security not enabled.\n";
  }
  if (model && unguarded_root_script(*model)) {
    errors << "SECURITY VIOLATION - scripts are being executed but script_security not enabled.\n";
  }
  errors << std::flush;
  return keepalived_code(diagnostics, model.get(), !sources.order().empty());
}

}  // namespace baton::cli
