// health_check and match, in the words of nginx's commercial version. Which group a check is for,
// and what its match says, is known when the whole file is read (finish_health_checks).

#include "config/nginx/health_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/model/health_check.h"
#include "config/nginx/edit.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint32_t count_max = 1'000'000;

std::optional<std::uint32_t> parse_count(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number == 0 || *number > count_max) return std::nullopt;
  return static_cast<std::uint32_t>(*number);
}

// One NAME=VALUE. False: unknown, or a value that cannot be read.
bool read_value(std::string_view name, std::string_view value, HealthCheckRule& rule) {
  if (name == "interval" || name == "jitter" || name == "keepalive_time") {
    const auto time = parse_milliseconds(value);
    if (!time || (name == "interval" && *time == 0s)) return false;
    (name == "interval" ? rule.interval
     : name == "jitter" ? rule.jitter
                        : rule.keepalive_time) = *time;
    return true;
  }
  if (name == "fails" || name == "passes") {
    const auto count = parse_count(value);
    if (count) (name == "fails" ? rule.fails : rule.passes) = *count;
    return count.has_value();
  }
  if (name == "uri") {
    rule.uri = value;
    return value.starts_with('/');
  }
  if (name == "match") {
    rule.match_name = value;
    return !value.empty();
  }
  if (name == "port") {
    const auto port = parse_unsigned(value, 65535);
    if (!port || *port == 0) return false;
    rule.port = static_cast<std::uint16_t>(*port);
    return true;
  }
  if (name == "type") {
    rule.tcp = value == "tcp";
    return rule.tcp || value == "http";
  }
  return false;
}

bool read_parameter(Reader& reader, const Directive& directive, std::size_t index,
                    HealthCheckRule& rule) {
  const std::string_view word = directive.word(index);
  if (word == "mandatory") return rule.mandatory = true;
  if (word == "persistent" && rule.mandatory) return rule.persistent = true;
  if (word == "type=grpc") {
    reader.error(directive, index,
                 "parameter \"type=grpc\" of \"health_check\" is not supported by baton");
    return false;
  }
  const std::size_t equals = word.find('=');
  if (equals != std::string_view::npos &&
      read_value(word.substr(0, equals), word.substr(equals + 1), rule)) {
    return true;
  }
  reader.error(directive, index, fmt::format("invalid parameter \"{}\"", word));
  return false;
}

void read_health_check(Reader& reader, const Directive& directive) {
  HealthCheckRule rule;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    if (!read_parameter(reader, directive, i, rule)) return;
  }
  if (rule.tcp && !rule.match_name.empty()) {
    return reader.error(directive, 0,
                        "\"match\" of \"health_check\" needs answers: not with \"type=tcp\"");
  }
  Level& level = reader.level();
  edit(level.location.health_check).rules.push_back(std::move(rule));
  reader.health_check_lines.push_back({&directive, level.server_index, level.location_index});
}

// "200", "200-299"
std::optional<std::pair<std::uint16_t, std::uint16_t>> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_unsigned(text.substr(0, dash), 999);
  const auto last =
      dash == std::string_view::npos ? first : parse_unsigned(text.substr(dash + 1), 999);
  if (!first || !last || *first < 100 || *last < *first) return std::nullopt;
  return std::pair{static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

void read_match_status(Reader& reader, const Directive& line, HealthMatch& match) {
  HealthMatch::Statuses statuses;
  std::size_t from = 1;
  if (line.count() > 0 && line.word(1) == "!") {
    statuses.others = true;
    from = 2;
  }
  for (std::size_t i = from; i <= line.count(); ++i) {
    const auto range = parse_range(line.word(i));
    if (!range) return reader.error(line, i, fmt::format("invalid status \"{}\"", line.word(i)));
    statuses.ranges.push_back(*range);
  }
  if (statuses.ranges.empty()) {
    return reader.error(line, 0, "invalid number of arguments in \"status\" directive");
  }
  match.statuses.push_back(std::move(statuses));
}

// NAME | ! NAME | NAME = VALUE | NAME != VALUE | NAME ~ EXPRESSION | NAME !~ EXPRESSION
void read_match_header(Reader& reader, const Directive& line, HealthMatch& match) {
  using Test = HealthMatch::Header::Test;
  HealthMatch::Header header;
  if (line.count() == 1) {
    header.name = lowered(line.word(1));
  } else if (line.count() == 2 && line.word(1) == "!") {
    header.name = lowered(line.word(2));
    header.test = Test::absent;
  } else if (line.count() == 3) {
    const std::string& sign = line.word(2);
    header.name = lowered(line.word(1));
    header.value = line.word(3);
    if (sign == "=") header.test = Test::equal;
    if (sign == "!=") header.test = Test::unequal;
    if (sign == "~") header.test = Test::like;
    if (sign == "!~") header.test = Test::unlike;
    if (header.test == Test::present) {
      return reader.error(line, 2, fmt::format("unknown operation \"{}\"", sign));
    }
  } else {
    return reader.error(line, 0, "invalid number of arguments in \"header\" directive");
  }
  const bool expression = header.test == Test::like || header.test == Test::unlike;
  if (expression && !reader.check_regex(line, 3, header.value, false)) return;
  match.headers.push_back(std::move(header));
}

void read_match_body(Reader& reader, const Directive& line, HealthMatch& match) {
  if (line.count() != 2) {
    return reader.error(line, 0, "invalid number of arguments in \"body\" directive");
  }
  HealthMatch::Body body;
  body.unlike = line.word(1) == "!~";
  body.expression = line.word(2);
  if (!body.unlike && line.word(1) != "~") {
    return reader.error(line, 1, fmt::format("unknown operation \"{}\"", line.word(1)));
  }
  if (!reader.check_regex(line, 2, body.expression, false)) return;
  match.bodies.push_back(std::move(body));
}

void read_match_line(Reader& reader, const Directive& line, HealthMatch& match) {
  if (line.name() == "status") return read_match_status(reader, line, match);
  if (line.name() == "header") return read_match_header(reader, line, match);
  if (line.name() == "body") return read_match_body(reader, line, match);
  if (line.name() != "require" || line.count() == 0) {
    return reader.error(line, 0, fmt::format("unknown directive \"{}\"", line.name()));
  }
  for (std::size_t i = 1; i <= line.count(); ++i) match.required.push_back(reader.compile(line, i));
}

void read_match(Reader& reader, const Directive& directive) {
  auto match = std::make_shared<HealthMatch>();
  match->name = directive.word(1);
  for (const Directive& line : directive.block) {
    if (reader.check_value_line(line)) read_match_line(reader, line, *match);
  }
  if (!reader.health_matches.try_emplace(match->name, match).second) {
    reader.error(directive, 1, fmt::format("duplicate match \"{}\"", directive.word(1)));
  }
}

constexpr Rule rules[] = {
    supported("health_check", in_location, take_any, read_health_check),
    supported("match", in_http, take1 | block, read_match),
};

// The checks of one location: their matches, their numbers in the group, and what they mean for
// its servers.
class Finisher {
 public:
  explicit Finisher(Reader& reader) : reader_(reader) {}

  void finish(const HealthCheckLine& line) {
    Location& location = reader_.proxy().servers[line.server].locations[line.location];
    if (!location.health_check || location.health_check.get() == done_) return;
    if (!location.proxy || location.proxy->url) {
      return reader_.error(*line.directive, 0,
                           "\"health_check\" needs a \"proxy_pass\" to a group of servers");
    }
    UpstreamGroup& group = reader_.proxy().upstreams[location.proxy->upstream];
    HealthCheck& checks = edit(location.health_check);
    for (HealthCheckRule& rule : checks.rules) number(line, rule, group.health_checks);
    done_ = location.health_check.get();
  }

 private:
  void number(const HealthCheckLine& line, HealthCheckRule& rule, HealthCheckMasks& masks) {
    if (!rule.match_name.empty()) {
      const auto match = reader_.health_matches.find(rule.match_name);
      if (match == reader_.health_matches.end()) {
        return reader_.error(*line.directive, 0,
                             fmt::format("match \"{}\" is not found", rule.match_name));
      }
      rule.match = match->second;
    }
    while (rule.number < health_checks_max && (masks.checks >> rule.number & 1) != 0) ++rule.number;
    if (rule.number == health_checks_max) {
      return reader_.error(*line.directive, 0, "too many health checks of one group");
    }
    const std::uint32_t bit = 1u << rule.number;
    masks.checks |= bit;
    if (rule.mandatory) masks.mandatory |= bit;
    if (rule.persistent) masks.persistent |= bit;
  }

  Reader& reader_;
  const HealthCheck* done_ = nullptr;  // lines of one location follow each other
};

}  // namespace

void finish_health_checks(Reader& reader) {
  Finisher finisher(reader);
  for (const HealthCheckLine& line : reader.health_check_lines) finisher.finish(line);
}

std::span<const Rule> health_rules() {
  return rules;
}

}  // namespace baton::config::nginx
