// The arguments of `error_log`: where to, and the least level that is written.

#include "config/nginx/error_log.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/text.h"
#include "config/nginx/syslog.h"

namespace baton::config::nginx {

namespace {

struct LevelName {
  std::string_view name;
  LogLevel level;
};

// The debug_* words choose a part of nginx to debug; baton's debug level is one.
constexpr std::array<LevelName, 15> level_names{{
    {"emerg", LogLevel::emergency},
    {"alert", LogLevel::alert},
    {"crit", LogLevel::critical},
    {"error", LogLevel::error},
    {"warn", LogLevel::warning},
    {"notice", LogLevel::notice},
    {"info", LogLevel::info},
    {"debug", LogLevel::debug},
    {"debug_core", LogLevel::debug},
    {"debug_alloc", LogLevel::debug},
    {"debug_mutex", LogLevel::debug},
    {"debug_event", LogLevel::debug},
    {"debug_http", LogLevel::debug},
    {"debug_mail", LogLevel::debug},
    {"debug_stream", LogLevel::debug},
}};

std::optional<LogLevel> find_level(std::string_view name) {
  for (const LevelName& known : level_names) {
    if (known.name == name) return known.level;
  }
  return std::nullopt;
}

std::string hint_for(std::string_view word) {
  std::vector<std::string_view> names;
  names.reserve(level_names.size());
  for (const LevelName& known : level_names) names.push_back(known.name);
  const std::string_view near = closest_word(word, names);
  return near.empty() ? "" : fmt::format("did you mean \"{}\"?", near);
}

}  // namespace

std::optional<ErrorLog> parse_error_log(Reader& reader, const Directive& directive) {
  const std::string& target = directive.word(1);
  ErrorLog log;
  if (target.starts_with("memory:")) {
    // In nginx, too, a matter of builds for debugging.
    reader.error(directive, 1, "nginx was built without debug support");
    return std::nullopt;
  }
  if (target.starts_with("syslog:")) {
    log.syslog = parse_syslog(reader, directive);
    if (!log.syslog) return std::nullopt;
  }
  if (target == "off") {
    reader.warning(
        directive, 1,
        "\"error_log off\" does not turn logging off: it writes to a file named \"off\"");
  }
  if (!log.syslog) log.path = target == "stderr" ? target : reader.full_path(target);
  bool has_level = false;
  for (std::size_t i = 2; i <= directive.count(); ++i) {
    const auto level = find_level(directive.word(i));
    if (!level) {
      reader.error(directive, i, fmt::format("invalid log level \"{}\"", directive.word(i)),
                   hint_for(directive.word(i)));
      return std::nullopt;
    }
    // Parts to be debugged may be several.
    if (has_level && (*level != LogLevel::debug || log.level != LogLevel::debug)) {
      reader.error(directive, i, fmt::format("duplicate log level \"{}\"", directive.word(i)));
      return std::nullopt;
    }
    has_level = true;
    log.level = *level;
  }
  return log;
}

}  // namespace baton::config::nginx
