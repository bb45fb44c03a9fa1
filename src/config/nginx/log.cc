// Access logs: log_format makes a named line of text, access_log says which file gets it.
// A format must be defined before it is used, in the order of the text.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"

namespace baton::config::nginx {

namespace {

using Escape = LogFormat::Escape;

constexpr std::size_t formats_max = 10000;
// Beyond these a suggestion would cost more than it helps.
constexpr std::size_t suggested_word_max = 64;
constexpr std::size_t suggested_formats_max = 100;

std::optional<Escape> parse_escape(Reader& reader, const Directive& directive) {
  const std::string name = directive.word(2).substr(std::string_view("escape=").size());
  if (name == "default") return Escape::standard;
  if (name == "json") return Escape::json;
  if (name == "none") return Escape::none;
  reader.error(directive, 2, fmt::format("unknown log format escaping \"{}\"", name));
  return std::nullopt;
}

void read_log_format(Reader& reader, const Directive& directive) {
  Proxy& proxy = reader.proxy();
  LogFormat format;
  format.name = directive.word(1);
  if (reader.log_formats.contains(format.name)) {
    return reader.error(directive, 1,
                        fmt::format("duplicate \"log_format\" name \"{}\"", format.name));
  }
  std::size_t first = 2;
  if (directive.word(2).starts_with("escape=")) {
    const auto escape = parse_escape(reader, directive);
    if (!escape) return;
    format.escape = *escape;
    ++first;
  }
  for (std::size_t i = first; i <= directive.count(); ++i) {
    TemplateText part = reader.compile(directive, i);
    format.text.source += part.source;
    for (TextPart& piece : part.parts) format.text.parts.push_back(std::move(piece));
  }
  if (proxy.log_formats.size() >= formats_max) {
    return reader.error(directive, 0, "too many log formats");
  }
  reader.log_formats[format.name] = {static_cast<std::uint32_t>(proxy.log_formats.size()),
                                     directive.sequence};
  proxy.log_formats.push_back(std::move(format));
}

std::string format_hint(const Reader& reader, std::string_view word) {
  std::vector<std::string_view> names;
  if (word.size() > suggested_word_max || reader.log_formats.size() > suggested_formats_max)
    return "";
  names.reserve(reader.log_formats.size());
  for (const auto& [name, place] : reader.log_formats) names.push_back(name);
  const std::string_view near = closest_word(word, names);
  return near.empty() ? "" : fmt::format("did you mean \"{}\"?", near);
}

// The parameters behind path and format. False: told.
bool check_parameter(Reader& reader, const Directive& directive, std::size_t index) {
  const std::string& word = directive.word(index);
  const auto invalid = [&](std::string_view what, std::string_view text) {
    reader.error(directive, index, fmt::format("invalid {} \"{}\"", what, text));
    return false;
  };
  const std::string_view value =
      std::string_view(word).substr(std::min(word.find('='), word.size() - 1) + 1);
  if (word.starts_with("buffer=")) {
    if (parse_size(value).value_or(0) == 0) {
      return invalid("buffer size", value);
    }
  } else if (word.starts_with("flush=")) {
    if (parse_milliseconds(value).value_or(0s) == 0s) {
      return invalid("flush time", value);
    }
  } else if (word == "gzip" || word.starts_with("gzip=") || word.starts_with("if=")) {
    reader.error(directive, index,
                 fmt::format("parameter \"{}\" of \"access_log\" is not supported by baton", word));
    return false;
  } else {
    return invalid("parameter", word);
  }
  reader.note_once(directive, "access_log " + word.substr(0, word.find('=')),
                   fmt::format("parameter \"{}\" of \"access_log\" has no effect in baton: it "
                               "always writes in batches",
                               word));
  return true;
}

bool has_parameter(const Directive& directive, std::string_view name) {
  return std::ranges::any_of(directive.words,
                             [&](const Word& word) { return word.text.starts_with(name); });
}

void turn_off(Reader& reader, const Directive& directive) {
  if (directive.count() > 1) {
    return reader.error(directive, 2, fmt::format("invalid parameter \"{}\"", directive.word(2)));
  }
  reader.level().access_log_off = true;
  reader.level().location.access_logs.clear();
}

void read_access_log(Reader& reader, const Directive& directive) {
  Level& level = reader.level();
  if (reader.first_on_level()) level.location.access_logs.clear();
  const std::string& path = directive.word(1);
  if (path == "off") return turn_off(reader, directive);
  if (path.starts_with("syslog:") || has_variables(path)) {
    return reader.error(
        directive, 1,
        fmt::format("\"{}\" in \"access_log\" of nginx is not supported by baton", path));
  }
  AccessLog log;
  log.path = reader.full_path(path);
  if (directive.count() >= 2) {
    const auto format = reader.log_formats.find(directive.word(2));
    if (format == reader.log_formats.end() || format->second.sequence > directive.sequence) {
      return reader.error(directive, 2, fmt::format("unknown log format \"{}\"", directive.word(2)),
                          format_hint(reader, directive.word(2)));
    }
    log.format = format->second.index;
  }
  for (std::size_t i = 3; i <= directive.count(); ++i) {
    if (!check_parameter(reader, directive, i)) return;
  }
  if (has_parameter(directive, "flush=") && !has_parameter(directive, "buffer=")) {
    return reader.error(directive, 1,
                        fmt::format("no buffer is defined for access_log \"{}\"", path));
  }
  // "off" anywhere on a level wins over the files that it names.
  if (!level.access_log_off) level.location.access_logs.push_back(std::move(log));
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("log_format", in_http, take2_or_more, read_log_format),
    supported("access_log", in_all_http | in_limit_except, take1_or_more, read_access_log),
    supported("log_not_found", hsl, take_switch, set_switch<&Location::log_not_found>),
    supported("log_subrequest", hsl, take_switch,
              set_switch_without_effect<&Location::log_subrequest, false>),
    no_effect("open_log_file_cache", hsl, take1234, Value::text),
};

}  // namespace

std::span<const Rule> log_rules() {
  return rules;
}

}  // namespace baton::config::nginx
