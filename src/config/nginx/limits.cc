// limit_req, limit_conn and limit_rate. A limit may name a zone that is defined further down: it
// reserves the zone's place, and what is still undefined in the end is an error (assemble.cc).

#include "config/model/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

BATON_TOPIC_SETTINGS(LimitSettings, limits)

namespace baton::config::nginx {

namespace {

using Kind = LimitZone::Kind;

// As nginx: eight pages.
constexpr std::size_t zone_bytes_min = 8 * 4096;
constexpr std::uint64_t milli = 1000;
constexpr std::uint64_t count_max = std::uint64_t{1} << 40;

// The place of zone `name`, which is made when nobody has spoken of it yet. nullopt: told.
std::optional<std::uint32_t> zone_place(Reader& reader, const Directive& directive,
                                        std::size_t index, const std::string& name, Kind kind) {
  auto& zones = reader.proxy().limit_zones;
  const auto found = std::ranges::find_if(
      zones, [&](const std::shared_ptr<const LimitZone>& zone) { return zone->name == name; });
  if (found != zones.end()) {
    if ((*found)->kind == kind) return static_cast<std::uint32_t>(found - zones.begin());
    reader.error(
        directive, index,
        fmt::format("the shared memory zone \"{}\" is already declared for a different use", name));
    return std::nullopt;
  }
  LimitZone zone;
  zone.kind = kind;
  zone.name = name;
  zones.push_back(std::make_shared<const LimitZone>(std::move(zone)));
  return static_cast<std::uint32_t>(zones.size() - 1);
}

// "zone=NAME:SIZE". False: told.
bool parse_zone(Reader& reader, const Directive& directive, std::size_t index, LimitZone& zone) {
  const std::string_view text = std::string_view(directive.word(index)).substr(5);
  const std::size_t colon = text.find(':');
  const auto size =
      colon == std::string_view::npos ? std::nullopt : parse_size(text.substr(colon + 1));
  if (!size) {
    reader.error(directive, index, fmt::format("invalid zone size \"{}\"", directive.word(index)));
    return false;
  }
  zone.name = text.substr(0, colon);
  if (*size < zone_bytes_min) {
    reader.error(directive, index, fmt::format("zone \"{}\" is too small", directive.word(index)));
    return false;
  }
  zone.size_bytes = *size;
  return true;
}

// "rate=10r/s", "rate=30r/m".
bool parse_rate(Reader& reader, const Directive& directive, std::size_t index, LimitZone& zone) {
  std::string_view text = std::string_view(directive.word(index)).substr(5);
  std::uint64_t seconds = 1;
  if (text.ends_with("r/s")) {
    text.remove_suffix(3);
  } else if (text.ends_with("r/m")) {
    text.remove_suffix(3);
    seconds = 60;
  }
  const auto rate = parse_number(text);
  if (!rate || *rate == 0 || *rate > count_max) {
    reader.error(directive, index, fmt::format("invalid rate \"{}\"", directive.word(index)));
    return false;
  }
  zone.rate_milli = *rate * milli / seconds;
  return true;
}

template <Kind kind>
void read_zone(Reader& reader, const Directive& directive) {
  LimitZone zone;
  zone.kind = kind;
  zone.key = reader.compile(directive, 1);
  for (std::size_t i = 2; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    if (word.starts_with("zone=")) {
      if (!parse_zone(reader, directive, i, zone)) return;
    } else if (kind == Kind::requests && word.starts_with("rate=")) {
      if (!parse_rate(reader, directive, i, zone)) return;
    } else {
      return reader.error(directive, i, fmt::format("invalid parameter \"{}\"", word));
    }
  }
  if (zone.name.empty()) {
    return reader.error(directive, 0,
                        fmt::format("\"{}\" must have \"zone\" parameter", directive.name()));
  }
  const auto place = zone_place(reader, directive, 2, zone.name, kind);
  if (!place) return;
  auto& known = reader.proxy().limit_zones[*place];
  if (known->size_bytes != 0) {
    return reader.error(directive, 0,
                        fmt::format("{} \"{}\" is already bound to key \"{}\"", directive.name(),
                                    zone.name, known->key.source));
  }
  known = std::make_shared<const LimitZone>(std::move(zone));
}

LimitSettings& settings(Reader& reader) {
  return edit(reader.level().location.limits);
}

// "burst=5", "delay=3": in thousandths.
std::optional<std::uint64_t> parse_count(Reader& reader, const Directive& directive,
                                         std::size_t index, std::string_view what) {
  const std::string_view text = std::string_view(directive.word(index)).substr(what.size() + 1);
  const auto number = parse_number(text);
  if (number && *number > 0 && *number <= count_max) return *number * milli;
  reader.error(directive, index,
               fmt::format("invalid {} value \"{}\"", what, directive.word(index)));
  return std::nullopt;
}

void read_limit_req(Reader& reader, const Directive& directive) {
  RequestLimit limit;
  std::optional<std::uint32_t> zone;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    const std::string& word = directive.word(i);
    if (word.starts_with("zone=")) {
      zone = zone_place(reader, directive, i, word.substr(5), Kind::requests);
      if (!zone) return;
    } else if (word.starts_with("burst=")) {
      const auto burst = parse_count(reader, directive, i, "burst");
      if (!burst) return;
      limit.burst_milli = *burst;
    } else if (word.starts_with("delay=")) {
      const auto delay = parse_count(reader, directive, i, "delay");
      if (!delay) return;
      limit.delay_milli = *delay;
    } else if (word == "nodelay") {
      limit.delay_milli = count_max * milli;
    } else {
      return reader.error(directive, i, fmt::format("invalid parameter \"{}\"", word));
    }
  }
  if (!zone) {
    return reader.error(directive, 0,
                        fmt::format("\"{}\" must have \"zone\" parameter", directive.name()));
  }
  limit.zone = *zone;
  auto& limits = settings(reader).requests;
  if (reader.first_on_level()) limits.clear();
  if (std::ranges::find(limits, limit.zone, &RequestLimit::zone) != limits.end()) {
    return reader.directive_error(directive, 0, "is duplicate");
  }
  limits.push_back(limit);
}

void read_limit_conn(Reader& reader, const Directive& directive) {
  const auto zone = zone_place(reader, directive, 1, directive.word(1), Kind::connections);
  if (!zone) return;
  auto& limits = settings(reader).connections;
  if (reader.first_on_level()) limits.clear();
  if (std::ranges::find(limits, *zone, &ConnectionLimit::zone) != limits.end()) {
    return reader.directive_error(directive, 0, "is duplicate");
  }
  const auto number = parse_number(directive.word(2));
  if (!number || *number == 0) {
    return reader.error(directive, 2,
                        fmt::format("invalid number of connections \"{}\"", directive.word(2)));
  }
  if (*number > 65535) {
    return reader.error(directive, 2, "connection limit must be less 65536");
  }
  limits.push_back({*zone, static_cast<std::uint32_t>(*number)});
}

template <auto Reaction>
void read_status(Reader& reader, const Directive& directive) {
  const auto status = parse_number(directive.word(1));
  if (!status) return reader.directive_error(directive, 1, "invalid number");
  if (*status < 400 || *status > 599) {
    return reader.error(directive, 1, "value must be between 400 and 599");
  }
  (settings(reader).*Reaction).status = static_cast<std::uint16_t>(*status);
}

template <auto Reaction>
void read_log_level(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, LogLevel>, 4> levels{
      {{"info", LogLevel::info},
       {"notice", LogLevel::notice},
       {"warn", LogLevel::warning},
       {"error", LogLevel::error}}};
  const auto level = choose(reader, directive, 1, levels);
  if (level) (settings(reader).*Reaction).level = *level;
}

template <auto Reaction>
void read_dry_run(Reader& reader, const Directive& directive) {
  (settings(reader).*Reaction).dry_run = parse_switch(directive.word(1)).value_or(false);
}

template <auto Amount>
void read_amount(Reader& reader, const Directive& directive) {
  ByteAmount amount;
  TemplateText text = reader.compile(directive, 1);
  if (text.is_literal()) {
    const auto bytes = parse_size(directive.word(1));
    if (!bytes) return reader.directive_error(directive, 1, "invalid value");
    amount.bytes = *bytes;
  } else {
    amount.text = std::move(text);
  }
  settings(reader).*Amount = std::move(amount);
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("limit_req_zone", in_http, take3, read_zone<Kind::requests>),
    supported("limit_req", hsl, take123, read_limit_req),
    supported("limit_req_log_level", hsl, take1, read_log_level<&LimitSettings::request_reaction>,
              Value::text),
    supported("limit_req_status", hsl, take1, read_status<&LimitSettings::request_reaction>,
              Value::number),
    supported("limit_req_dry_run", hsl, take_switch,
              read_dry_run<&LimitSettings::request_reaction>),
    supported("limit_conn_zone", in_http, take2, read_zone<Kind::connections>),
    supported("limit_conn", hsl, take2, read_limit_conn),
    supported("limit_conn_log_level", hsl, take1,
              read_log_level<&LimitSettings::connection_reaction>, Value::text),
    supported("limit_conn_status", hsl, take1, read_status<&LimitSettings::connection_reaction>,
              Value::number),
    supported("limit_conn_dry_run", hsl, take_switch,
              read_dry_run<&LimitSettings::connection_reaction>),
    supported("limit_rate", in_all_http, take1, read_amount<&LimitSettings::rate>, Value::text),
    supported("limit_rate_after", in_all_http, take1, read_amount<&LimitSettings::rate_after>,
              Value::text),
};

}  // namespace

std::span<const Rule> limits_rules() {
  return rules;
}

}  // namespace baton::config::nginx
