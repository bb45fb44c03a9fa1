// What a response says in its head beyond the body: add_header, expires, charset; and behind the
// body: add_trailer.

#include "config/model/headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "config/nginx/charset_map.h"
#include "config/nginx/edit.h"
#include "config/nginx/expires.h"
#include "config/nginx/mime_types.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"

namespace baton::config::nginx {

namespace {

using InheritRule = InheritedLines::Rule;

HeaderSettings& settings(Reader& reader) {
  return edit(reader.level().location.headers);
}

std::optional<HeaderLine> read_line(Reader& reader, const Directive& directive) {
  HeaderLine line;
  line.name = directive.word(1);
  line.value = reader.compile(directive, 2);
  if (directive.count() == 3) {
    if (directive.word(3) != "always") {
      reader.error(directive, 3, fmt::format("invalid parameter \"{}\"", directive.word(3)));
      return std::nullopt;
    }
    line.always = true;
  }
  return line;
}

// The first directive of a family on a level: what has been in use is the outer level's.
void begin_level(InheritedLines& lines, const std::vector<HeaderLine>& in_use) {
  lines.outer = in_use;
  lines.own.clear();
}

// What is in use on the level, after each directive that says something about it.
void combine(const InheritedLines& lines, std::vector<HeaderLine>& in_use) {
  const bool takes_outer = lines.rule == InheritRule::merge ||
                           (lines.rule == InheritRule::standard && lines.own.empty());
  in_use = lines.own;
  if (takes_outer) in_use.insert(in_use.end(), lines.outer.begin(), lines.outer.end());
}

std::optional<InheritRule> read_inherit_rule(Reader& reader, const Directive& directive) {
  constexpr std::array<std::pair<std::string_view, InheritRule>, 3> choices{
      {{"off", InheritRule::off}, {"on", InheritRule::standard}, {"merge", InheritRule::merge}}};
  return choose(reader, directive, 1, choices);
}

void read_add_header(Reader& reader, const Directive& directive) {
  const bool first = reader.first_on_level() && !reader.seen_on_level("add_header_inherit");
  auto line = read_line(reader, directive);
  if (!line) return;
  auto& in_use = reader.level().location.add_headers;
  InheritedLines& lines = settings(reader).header_lines;
  if (first) begin_level(lines, in_use);
  lines.own.push_back(std::move(*line));
  combine(lines, in_use);
}

void read_add_header_inherit(Reader& reader, const Directive& directive) {
  const auto rule = read_inherit_rule(reader, directive);
  if (!rule) return;
  auto& in_use = reader.level().location.add_headers;
  InheritedLines& lines = settings(reader).header_lines;
  if (!reader.seen_on_level("add_header")) begin_level(lines, in_use);
  lines.rule = *rule;
  combine(lines, in_use);
}

void read_add_trailer(Reader& reader, const Directive& directive) {
  const bool first = reader.first_on_level() && !reader.seen_on_level("add_trailer_inherit");
  auto line = read_line(reader, directive);
  if (!line) return;
  HeaderSettings& headers = settings(reader);
  if (first) begin_level(headers.trailer_lines, headers.trailers);
  headers.trailer_lines.own.push_back(std::move(*line));
  combine(headers.trailer_lines, headers.trailers);
}

void read_add_trailer_inherit(Reader& reader, const Directive& directive) {
  const auto rule = read_inherit_rule(reader, directive);
  if (!rule) return;
  HeaderSettings& headers = settings(reader);
  if (!reader.seen_on_level("add_trailer")) begin_level(headers.trailer_lines, headers.trailers);
  headers.trailer_lines.rule = *rule;
  combine(headers.trailer_lines, headers.trailers);
}

void read_expires(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  const bool modified = directive.count() == 2;
  if (modified && directive.word(1) != "modified") {
    return reader.directive_error(directive, 1, "invalid value");
  }
  HeaderSettings& headers = settings(reader);
  headers.expires = {};
  headers.expires_text.reset();
  headers.expires_modified = modified;
  const std::size_t index = directive.count();
  if (has_variables(directive.word(index))) {
    headers.expires_text = reader.compile(directive, index);
    return;
  }
  const ExpiresReading reading = parse_expires(directive.word(index), modified);
  if (!reading.expires) return reader.directive_error(directive, index, reading.problem);
  headers.expires = *reading.expires;
}

// Two charsets that are not one need a map, which has to stand before them.
void check_charsets(Reader& reader, const Directive& directive) {
  const auto& headers = *reader.level().location.headers;
  if (headers.source_charset.empty() || !headers.charset || !headers.charset->is_literal()) return;
  const std::string_view charset = headers.charset->literal();
  if (equals_ignoring_case(headers.source_charset, charset)) return;
  if (find_recoding(headers.charset_maps, headers.source_charset, charset)) return;
  reader.error(directive, 1,
               fmt::format("no \"charset_map\" between the charsets \"{}\" and \"{}\"",
                           headers.source_charset, charset));
}

// A charset that is named anywhere may be the one of X-Accel-Charset.
void know_charset(Reader& reader, const std::string& name) {
  auto& known = reader.proxy().charsets;
  if (std::ranges::find(known, name) == known.end()) known.push_back(name);
}

void read_charset(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  HeaderSettings& headers = settings(reader);
  headers.charset.reset();
  if (directive.word(1) != "off") {
    headers.charset = reader.compile(directive, 1);
    if (headers.charset->is_literal()) know_charset(reader, directive.word(1));
  }
  check_charsets(reader, directive);
}

void read_source_charset(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  if (has_variables(directive.word(1))) {
    return reader.error(directive, 1, "variables in \"source_charset\" are not supported by baton");
  }
  HeaderSettings& headers = settings(reader);
  headers.source_charset = directive.word(1) == "off" ? "" : directive.word(1);
  if (!headers.source_charset.empty()) know_charset(reader, headers.source_charset);
  check_charsets(reader, directive);
}

void read_charset_map(Reader& reader, const Directive& directive) {
  const std::string& from = directive.word(1);
  const std::string& to = directive.word(2);
  HeaderSettings& headers = settings(reader);
  if (equals_ignoring_case(from, to)) {
    reader.error(
        directive, 0,
        fmt::format("\"charset_map\" between the same charsets \"{}\" and \"{}\"", from, to));
    return reader.skip_block(directive.block);
  }
  if (find_recoding(headers.charset_maps, from, to)) {
    reader.error(directive, 0,
                 fmt::format("duplicate \"charset_map\" between \"{}\" and \"{}\"", from, to));
    return reader.skip_block(directive.block);
  }
  if (reader.seen_on_level("server")) {
    reader.error(directive, 0, "\"charset_map\" behind a \"server\" is not supported by baton");
    return reader.skip_block(directive.block);
  }
  know_charset(reader, from);
  know_charset(reader, to);
  headers.charset_maps.push_back(read_charset_map_block(reader, directive));
}

void set_override_charset(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  settings(reader).override_charset = directive.word(1) == "on";
}

void read_charset_types(Reader& reader, const Directive& directive) {
  read_mime_types(reader, directive, settings(reader).charset_types);
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("add_header", in_all_http, take23, read_add_header),
    supported("add_header_inherit", in_all_http, take1, read_add_header_inherit, Value::text),
    supported("add_trailer", in_all_http, take23, read_add_trailer),
    supported("add_trailer_inherit", in_all_http, take1, read_add_trailer_inherit, Value::text),
    supported("expires", in_all_http, take12, read_expires),
    supported("charset", in_all_http, take1, read_charset),
    supported("source_charset", in_all_http, take1, read_source_charset),
    supported("override_charset", in_all_http, take_switch, set_override_charset),
    supported("charset_types", hsl, take1_or_more, read_charset_types),
    supported("charset_map", in_http, take2 | block, read_charset_map),
};

}  // namespace

std::span<const Rule> headers_rules() {
  return rules;
}

}  // namespace baton::config::nginx
