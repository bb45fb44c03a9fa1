// Access logs: log_format makes a named line of text, access_log says which file gets it.
// A format must be defined before it is used, in the order of the text.

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/syslog.h"
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

constexpr std::size_t gzip_buffer_bytes = 65536;  // where nothing is said

// The parameters of an access_log behind path and format.
class AccessLogParameters {
 public:
  AccessLogParameters(Reader& reader, const Directive& directive, AccessLog& log)
      : reader_(reader), directive_(directive), log_(log) {}

  // False: told.
  bool read() {
    for (index_ = 3; index_ <= directive_.count(); ++index_) {
      if (!read_one(directive_.word(index_))) return false;
    }
    return fits();
  }

 private:
  bool read_one(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = std::string_view(word).substr(0, equals);
    const std::string_view value =
        equals == std::string::npos ? "" : std::string_view(word).substr(equals + 1);
    if (word == "gzip") return set_level("1");
    if (equals == std::string::npos) return invalid("parameter", word);
    if (name == "buffer") {
      log_.buffer_bytes = parse_size(value).value_or(0);
      return log_.buffer_bytes > 0 || invalid("buffer size", value);
    }
    if (name == "flush") {
      log_.flush_interval = parse_milliseconds(value).value_or(0s);
      return log_.flush_interval > 0s || invalid("flush time", value);
    }
    if (name == "gzip") return set_level(value);
    if (name == "if") {
      log_.condition = reader_.compile_text(directive_, index_, value);
      return true;
    }
    return invalid("parameter", word);
  }

  bool set_level(std::string_view text) {
    log_.gzip_level = static_cast<int>(parse_unsigned(text, 9).value_or(0));
    return log_.gzip_level > 0 || invalid("compression level", text);
  }

  bool fits() {
    if (log_.gzip_level > 0 && log_.buffer_bytes == 0) log_.buffer_bytes = gzip_buffer_bytes;
    if (log_.flush_interval > 0s && log_.buffer_bytes == 0) {
      return problem(fmt::format("no buffer is defined for access_log \"{}\"", directive_.word(1)));
    }
    if (log_.buffer_bytes == 0) return true;
    if (log_.path_text) return problem("buffered logs cannot have variables in name");
    if (log_.syslog) return problem("logs to syslog cannot be buffered");
    // All logs of one file share its buffer.
    const auto [place, is_new] = reader_.buffered_logs.try_emplace(log_.path, log_);
    const AccessLog& other = place->second;
    if (!is_new &&
        (other.buffer_bytes != log_.buffer_bytes || other.flush_interval != log_.flush_interval ||
         other.gzip_level != log_.gzip_level)) {
      return problem(fmt::format("access_log \"{}\" already defined with conflicting parameters",
                                 directive_.word(1)));
    }
    return true;
  }

  bool invalid(std::string_view what, std::string_view text) {
    reader_.error(directive_, index_, fmt::format("invalid {} \"{}\"", what, text));
    return false;
  }
  bool problem(std::string text) {
    reader_.error(directive_, 1, std::move(text));
    return false;
  }

  Reader& reader_;
  const Directive& directive_;
  AccessLog& log_;
  std::size_t index_ = 3;
};

void turn_off(Reader& reader, const Directive& directive) {
  if (directive.count() > 1) {
    return reader.error(directive, 2, fmt::format("invalid parameter \"{}\"", directive.word(2)));
  }
  reader.level().access_log_off = true;
  reader.level().location.access_logs = nullptr;
}

// Where to: a file, a file named by variables, or syslog. False: told.
bool read_target(Reader& reader, const Directive& directive, AccessLog& log) {
  const std::string& target = directive.word(1);
  if (target.starts_with("syslog:")) {
    log.syslog = parse_syslog(reader, directive);
    return log.syslog != nullptr;
  }
  if (!has_variables(target)) {
    log.path = reader.full_path(target);
    return true;
  }
  log.path_text = reader.compile_text(directive, 1, reader.full_path(target));
  return true;
}

void read_access_log(Reader& reader, const Directive& directive) {
  Level& level = reader.level();
  if (reader.first_on_level()) level.location.access_logs = nullptr;
  if (directive.word(1) == "off") return turn_off(reader, directive);
  AccessLog log;
  if (!read_target(reader, directive, log)) return;
  if (directive.count() >= 2) {
    const auto format = reader.log_formats.find(directive.word(2));
    if (format == reader.log_formats.end() || format->second.sequence > directive.sequence) {
      return reader.error(directive, 2, fmt::format("unknown log format \"{}\"", directive.word(2)),
                          format_hint(reader, directive.word(2)));
    }
    log.format = format->second.index;
  }
  if (!AccessLogParameters(reader, directive, log).read()) return;
  // "off" anywhere on a level wins over the files that it names.
  if (!level.access_log_off) edit(level.location.access_logs).push_back(std::move(log));
}

// True when `word` is a parameter of open_log_file_cache that is right.
bool read_cache_parameter(std::string_view word, LogFileCache& cache) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(0, equals);
  if (equals == std::string_view::npos) return word == "off";
  const std::string_view value = word.substr(equals + 1);
  if (name == "max") {
    const auto count = parse_number(value);
    cache.files_max = count.value_or(0);
    return count.has_value();
  }
  if (name == "min_uses") {
    cache.uses_min = static_cast<std::uint32_t>(parse_unsigned(value, UINT32_MAX).value_or(0));
    return cache.uses_min > 0;
  }
  const auto time = parse_seconds(value);
  if (!time || (name != "inactive" && name != "valid")) return false;
  (name == "valid" ? cache.valid : cache.inactive) = *time;
  return true;
}

void read_log_file_cache(Reader& reader, const Directive& directive) {
  LogFileCache cache;
  bool off = false;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    off = off || directive.word(i) == "off";
    if (read_cache_parameter(directive.word(i), cache)) continue;
    return reader.error(
        directive, i,
        fmt::format("invalid \"open_log_file_cache\" parameter \"{}\"", directive.word(i)));
  }
  if (!off && cache.files_max == 0) {
    return reader.error(directive, 0, "\"open_log_file_cache\" must have \"max\" parameter");
  }
  auto& shared = reader.level().location.log_file_cache;
  shared = off ? nullptr : std::make_shared<const LogFileCache>(cache);
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("log_format", in_http, take2_or_more, read_log_format),
    supported("access_log", in_all_http | in_limit_except, take1_or_more, read_access_log),
    supported("log_not_found", hsl, take_switch, set_switch<&Location::log_not_found>),
    supported("log_subrequest", hsl, take_switch,
              set_switch_without_effect<&Location::log_subrequest, false>),
    supported("open_log_file_cache", hsl, take1234, read_log_file_cache, Value::text),
};

}  // namespace

std::span<const Rule> log_rules() {
  return rules;
}

}  // namespace baton::config::nginx
