// `nginx -t`: nginx's wording, nginx's exit codes.

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/check.h"
#include "cli/problems.h"
#include "config/nginx/dump.h"

namespace baton::cli {

using config::Diagnostic;
using config::Diagnostics;
using config::Severity;
using config::SourceTree;

namespace {

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

}  // namespace

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
  if (options.dump) out << config::nginx::dump(sources);
  return 0;
}

}  // namespace baton::cli
