// Loading and the three manners of telling problems.

#include "supervisor/configuration.h"

#include <fmt/format.h>

#include "runtime/loop.h"
#include "supervisor/pair_key.h"

namespace baton::supervisor {

namespace {

std::string_view nginx_level(config::Severity severity) {
  switch (severity) {
    case config::Severity::error:
      return "emerg";
    case config::Severity::warning:
      return "warn";
    case config::Severity::note:
      return "notice";
  }
  return "notice";
}

// keepalived's: "(FILE: Line N) text".
std::string keepalived_words(const config::Diagnostic& diagnostic) {
  const auto& where = diagnostic.where;
  if (!where.file) return diagnostic.message;
  return fmt::format("({}: Line {}) {}", *where.file, where.line, diagnostic.message);
}

LogLevel log_level(config::Severity severity) {
  switch (severity) {
    case config::Severity::error:
      return LogLevel::emergency;
    case config::Severity::warning:
      return LogLevel::warning;
    case config::Severity::note:
      return LogLevel::notice;
  }
  return LogLevel::notice;
}

std::string log_words(const config::Diagnostic& diagnostic, Wording wording) {
  if (wording == Wording::keepalived) return keepalived_words(diagnostic);
  const auto& where = diagnostic.where;
  if (!where.file) return diagnostic.message;
  return fmt::format("{} in {}:{}", diagnostic.message, *where.file, where.line);
}

// The old program's words first, so that what greps for them finds them; then the line and the
// caret, which only baton has.
std::string told(const config::Diagnostic& diagnostic, const config::SourceTree& sources,
                 Wording wording) {
  std::string full = config::render(diagnostic, sources);
  if (wording == Wording::baton) return full;
  const std::size_t first_end = full.find('\n');
  const std::string excerpt = first_end == std::string::npos ? "" : full.substr(first_end + 1);
  const std::string words = wording == Wording::nginx
                                ? fmt::format("nginx: {}", nginx_words(diagnostic))
                                : keepalived_words(diagnostic);
  return fmt::format("{}\n{}", words, excerpt);
}

}  // namespace

std::string nginx_words(const config::Diagnostic& diagnostic) {
  const auto& where = diagnostic.where;
  const std::string place = where.file ? fmt::format(" in {}:{}", *where.file, where.line) : "";
  return fmt::format("[{}] {}{}", nginx_level(diagnostic.severity), diagnostic.message, place);
}

LoadedConfiguration load_configuration(const ConfigurationFiles& files, Wording wording) {
  auto sources = config::SourceTree::from_disk();
  config::Diagnostics diagnostics;
  auto configuration = std::make_shared<Configuration>();
  bool usable = true;
  if (files.proxy) {
    configuration->proxy = config::nginx::load(sources, *files.proxy, diagnostics);
    usable = configuration->proxy != nullptr;
  }
  if (files.failover) {
    configuration->failover = config::keepalived::load(sources, *files.failover, diagnostics);
    usable = usable && configuration->failover != nullptr;
    if (configuration->failover && configuration->failover->pair.needs_key()) {
      const config::PairSettings& pair = configuration->failover->pair;
      std::string problem;
      configuration->pair_key = read_pair_key(pair.key_file, problem);
      if (!problem.empty()) diagnostics.error(pair.where, problem);
      usable = usable && problem.empty();
    }
  }
  LoadedConfiguration result;
  for (const auto& diagnostic : diagnostics.all()) {
    std::string text = told(diagnostic, sources, wording);
    if (!text.ends_with('\n')) text += '\n';
    result.report += text;
    if (diagnostic.severity != config::Severity::note) result.serious += text;
    result.log_lines.emplace_back(log_level(diagnostic.severity), log_words(diagnostic, wording));
  }
  if (diagnostics.dropped() > 0) {
    result.report += fmt::format("... and {} more\n", diagnostics.dropped());
  }
  if (!usable) return result;
  configuration->packed_sources = sources.pack();
  configuration->loaded = runtime::wall_now();
  result.configuration = std::move(configuration);
  return result;
}

}  // namespace baton::supervisor
