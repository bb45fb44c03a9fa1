// proxy_cache and its family, and what proxy_ignore_headers says about caching.

#include "config/nginx/proxy_cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "config/model/cache.h"
#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"
#include "http/head.h"

BATON_TOPIC_SETTINGS(CacheSettings, cache)

namespace baton::config::nginx {

namespace {

constexpr auto hsl = in_http_server_location;
constexpr std::uint64_t zone_bytes_min = 8192;

CacheSettings& settings(Reader& reader) {
  return edit(reader.level().location.cache);
}

// The zone called `name`, which may be described later.
std::shared_ptr<CacheZone> zone_named(Reader& reader, const std::string& name,
                                      const Directive& directive) {
  for (const Reader::CacheZoneLine& line : reader.cache_zone_lines) {
    if (line.zone->name == name) return line.zone;
  }
  auto zone = std::make_shared<CacheZone>();
  zone->name = name;
  reader.cache_zone_lines.push_back({&directive, zone});
  return zone;
}

// "1", "2:2", "1:2:1": digits of folder names.
bool read_levels(std::string_view text, CacheZone& zone) {
  if (text.empty()) return true;
  const auto levels = split(text, ':');
  if (levels.size() > zone.levels.size()) return false;
  for (std::size_t i = 0; i < levels.size(); ++i) {
    if (levels[i] != "1" && levels[i] != "2") return false;
    zone.levels[i] = static_cast<std::uint8_t>(levels[i][0] - '0');
  }
  return true;
}

// Parameters that are a name, a value, and nothing more.
struct PathParameter {
  std::string_view name;
  bool (*take)(std::string_view value, CacheZone& zone);
};

template <auto Member>
bool take_time(std::string_view value, CacheZone& zone) {
  const auto time = parse_milliseconds(value);
  if (time) zone.*Member = *time;
  return time.has_value();
}

template <auto Member>
bool take_size(std::string_view value, CacheZone& zone) {
  const auto size = parse_offset(value);
  if (size) zone.*Member = *size;
  return size.has_value();
}

template <auto Member>
bool take_count(std::string_view value, CacheZone& zone) {
  const auto count = parse_unsigned(value, 1'000'000'000);
  if (count) zone.*Member = std::max<std::uint32_t>(static_cast<std::uint32_t>(*count), 1);
  return count.has_value();
}

bool take_inactive(std::string_view value, CacheZone& zone) {
  const auto time = parse_seconds(value);
  if (time) zone.inactive = *time;
  return time.has_value();
}

constexpr PathParameter path_parameters[] = {
    {"inactive", take_inactive},
    {"max_size", take_size<&CacheZone::max_size_bytes>},
    {"min_free", take_size<&CacheZone::min_free_bytes>},
    {"loader_files", take_count<&CacheZone::loader_files>},
    {"loader_sleep", take_time<&CacheZone::loader_sleep>},
    {"loader_threshold", take_time<&CacheZone::loader_threshold>},
    {"manager_files", take_count<&CacheZone::manager_files>},
    {"manager_sleep", take_time<&CacheZone::manager_sleep>},
    {"manager_threshold", take_time<&CacheZone::manager_threshold>},
};

// keys_zone=NAME:SIZE
bool read_keys_zone(Reader& reader, const Directive& directive, std::size_t index,
                    std::string_view value, CacheZone& zone) {
  const std::string& word = directive.word(index);
  const std::size_t colon = value.find(':');
  const auto size =
      colon == std::string_view::npos ? std::nullopt : parse_size(value.substr(colon + 1));
  if (!size) {
    reader.error(directive, index, fmt::format("invalid keys zone size \"{}\"", word));
    return false;
  }
  if (*size < zone_bytes_min) {
    reader.error(directive, index, fmt::format("keys zone \"{}\" is too small", word));
    return false;
  }
  zone.name = value.substr(0, colon);
  zone.keys_bytes = *size;
  return true;
}

bool read_path_parameter(Reader& reader, const Directive& directive, std::size_t index,
                         CacheZone& zone) {
  const std::string& word = directive.word(index);
  const std::size_t equals = word.find('=');
  const std::string_view name = std::string_view(word).substr(0, equals);
  const std::string_view value =
      equals == std::string::npos ? std::string_view{} : std::string_view(word).substr(equals + 1);
  const auto refuse = [&](const std::string& problem) {
    reader.error(directive, index, problem);
    return false;
  };
  if (equals == std::string::npos) return refuse(fmt::format("invalid parameter \"{}\"", word));
  if (name == "keys_zone") return read_keys_zone(reader, directive, index, value, zone);
  if (name == "levels") {
    if (read_levels(value, zone)) return true;
    return refuse(fmt::format("invalid \"levels\" \"{}\"", word));
  }
  if (name == "use_temp_path") {
    // Either way: files are written in the folder that they stay in.
    if (value == "on" || value == "off") return true;
    return refuse(
        fmt::format("invalid use_temp_path value \"{}\", it must be \"on\" or \"off\"", word));
  }
  if (name.starts_with("purger")) {
    return refuse(fmt::format(
        "parameter \"{}\" of nginx's commercial version is not supported by baton", name));
  }
  for (const PathParameter& parameter : path_parameters) {
    if (name != parameter.name) continue;
    if (parameter.take(value, zone)) return true;
    return refuse(fmt::format("invalid {} value \"{}\"", name, word));
  }
  return refuse(fmt::format("invalid parameter \"{}\"", word));
}

std::string_view file_of(const Position& where) {
  return where.file ? std::string_view(*where.file) : "command line";
}

void read_proxy_cache_path(Reader& reader, const Directive& directive) {
  CacheZone described;
  for (std::size_t i = 2; i <= directive.count(); ++i) {
    if (!read_path_parameter(reader, directive, i, described)) return;
  }
  if (described.name.empty()) {
    return reader.error(directive, 0, "\"proxy_cache_path\" must have \"keys_zone\" parameter");
  }
  described.path = reader.full_path(directive.word(1));
  while (described.path.size() > 1 && described.path.ends_with('/')) described.path.pop_back();
  described.where = directive.position(directive.words[0]);
  auto& zones = reader.proxy().cache_zones;
  for (const auto& other : zones) {
    if (other->name == described.name) {
      return reader.error(directive, 0, fmt::format("duplicate zone \"{}\"", described.name));
    }
    if (other->path == described.path) {
      return reader.error(directive, 1,
                          fmt::format("the same path name \"{}\" used in {}:{} and in {}:{}",
                                      described.path, file_of(other->where), other->where.line,
                                      file_of(described.where), described.where.line));
    }
  }
  described.index = static_cast<std::uint32_t>(zones.size());
  const auto zone = zone_named(reader, described.name, directive);
  *zone = std::move(described);
  zones.push_back(zone);
}

void read_proxy_cache(Reader& reader, const Directive& directive) {
  CacheSettings& cache = settings(reader);
  cache.zone.reset();
  cache.zone_name.reset();
  const std::string& name = directive.word(1);
  if (name == "off") return;
  if (has_variables(name)) {
    cache.zone_name = reader.compile(directive, 1);
  } else {
    cache.zone = zone_named(reader, name, directive);
  }
}

void read_proxy_cache_key(Reader& reader, const Directive& directive) {
  auto key = reader.compile(directive, 1);
  settings(reader).key = std::move(key);
}

// proxy_cache_valid [STATUS ...] TIME
void read_proxy_cache_valid(Reader& reader, const Directive& directive) {
  const std::size_t last = directive.count();
  const auto time = parse_seconds(directive.word(last));
  if (!time) {
    return reader.error(directive, last,
                        fmt::format("invalid time value \"{}\"", directive.word(last)));
  }
  auto& valid = settings(reader).valid;
  if (reader.first_on_level()) valid.clear();
  if (last == 1) {
    for (const std::uint16_t status : {200, 301, 302}) valid.push_back({status, *time});
  }
  for (std::size_t i = 1; i < last; ++i) {
    std::uint16_t status = 0;
    if (directive.word(i) != "any") {
      const auto number = parse_unsigned(directive.word(i), 599);
      if (!number || *number < 100) {
        return reader.error(directive, i, fmt::format("invalid status \"{}\"", directive.word(i)));
      }
      status = static_cast<std::uint16_t>(*number);
    }
    valid.push_back({status, *time});
  }
}

// Words that are a bit each; a repeated one is only worth a warning.
template <std::size_t Count>
std::optional<std::uint32_t> read_bits(
    Reader& reader, const Directive& directive,
    const std::array<std::pair<std::string_view, std::uint32_t>, Count>& choices) {
  std::uint32_t bits = 0;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const auto bit = choose(reader, directive, i, choices);
    if (!bit) return std::nullopt;
    if ((bits & *bit) != 0) {
      reader.warning(directive, i, fmt::format("duplicate value \"{}\"", directive.word(i)));
    }
    bits |= *bit;
  }
  return bits;
}

void read_proxy_cache_methods(Reader& reader, const Directive& directive) {
  constexpr auto bit = [](http::Method method) { return 1U << static_cast<unsigned>(method); };
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 3> choices{
      {{"GET", bit(http::Method::get)},
       {"HEAD", bit(http::Method::head)},
       {"POST", bit(http::Method::post)}}};
  if (const auto bits = read_bits(reader, directive, choices)) settings(reader).methods = *bits;
}

void read_proxy_cache_use_stale(Reader& reader, const Directive& directive) {
  constexpr std::uint32_t off = 1U << 31;
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 12> choices{
      {{"error", next_on_error},
       {"timeout", next_on_timeout},
       {"invalid_header", next_on_invalid_header},
       {"updating", use_stale_updating},
       {"http_500", next_on_http_500},
       {"http_502", next_on_http_502},
       {"http_503", next_on_http_503},
       {"http_504", next_on_http_504},
       {"http_403", next_on_http_403},
       {"http_404", next_on_http_404},
       {"http_429", next_on_http_429},
       {"off", off}}};
  const auto bits = read_bits(reader, directive, choices);
  if (bits) settings(reader).use_stale = (*bits & off) != 0 ? 0 : *bits;
}

template <std::vector<TemplateText> CacheSettings::* Member>
void read_conditions(Reader& reader, const Directive& directive) {
  std::vector<TemplateText> conditions;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    conditions.push_back(reader.compile(directive, i));
  }
  auto& all = settings(reader).*Member;
  if (reader.first_on_level()) all.clear();
  std::ranges::move(conditions, std::back_inserter(all));
}

constexpr Rule cache_rules[] = {
    supported("proxy_cache", hsl, take1, read_proxy_cache, Value::text),
    supported("proxy_cache_path", in_http, take2_or_more, read_proxy_cache_path),
    supported("proxy_cache_key", hsl, take1, read_proxy_cache_key, Value::text),
    supported("proxy_cache_bypass", hsl, take1_or_more, read_conditions<&CacheSettings::bypass>),
    supported("proxy_no_cache", hsl, take1_or_more, read_conditions<&CacheSettings::no_cache>),
    supported("proxy_cache_valid", hsl, take1_or_more, read_proxy_cache_valid),
    supported("proxy_cache_min_uses", hsl, take1, set_number<&CacheSettings::min_uses>,
              Value::number),
    supported("proxy_cache_max_range_offset", hsl, take1,
              set_offset<&CacheSettings::max_range_offset>, Value::offset),
    supported("proxy_cache_use_stale", hsl, take1_or_more, read_proxy_cache_use_stale),
    supported("proxy_cache_methods", hsl, take1_or_more, read_proxy_cache_methods),
    supported("proxy_cache_lock", hsl, take_switch, set_switch<&CacheSettings::lock>),
    supported("proxy_cache_lock_timeout", hsl, take1,
              set_milliseconds<&CacheSettings::lock_timeout>, Value::milliseconds),
    supported("proxy_cache_lock_age", hsl, take1, set_milliseconds<&CacheSettings::lock_age>,
              Value::milliseconds),
    supported("proxy_cache_revalidate", hsl, take_switch, set_switch<&CacheSettings::revalidate>),
    supported("proxy_cache_convert_head", hsl, take_switch,
              set_switch<&CacheSettings::convert_head>),
    supported("proxy_cache_background_update", hsl, take_switch,
              set_switch<&CacheSettings::background_update>),
    refused("proxy_cache_purge", hsl, take1_or_more),
};

}  // namespace

void check_cache_zones(Reader& reader) {
  for (const Reader::CacheZoneLine& line : reader.cache_zone_lines) {
    if (!line.zone->path.empty()) continue;
    reader.error(*line.directive, 1,
                 fmt::format("\"proxy_cache\" zone \"{}\" is unknown", line.zone->name));
  }
}

void ignore_header_for_cache(Reader& reader, std::string_view name) {
  constexpr std::array<std::pair<std::string_view, std::uint8_t>, 5> headers{
      {{"X-Accel-Expires", ignore_x_accel_expires},
       {"Expires", ignore_expires},
       {"Cache-Control", ignore_cache_control},
       {"Set-Cookie", ignore_set_cookie},
       {"Vary", ignore_vary}}};
  for (const auto& [header, bit] : headers) {
    if (equals_ignoring_case(name, header)) settings(reader).ignored_headers |= bit;
  }
}

std::span<const Rule> proxy_cache_rules() {
  return cache_rules;
}

}  // namespace baton::config::nginx
