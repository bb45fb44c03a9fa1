// What a response says in its head beyond the body: add_header, expires, charset.

#include <fmt/format.h>

#include "base/text.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"
#include "config/nginx/variables.h"

namespace baton::config::nginx {

namespace {

void read_add_header(Reader& reader, const Directive& directive) {
  auto& headers = reader.level().location.add_headers;
  if (reader.first_on_level()) headers.clear();
  HeaderLine line;
  line.name = directive.word(1);
  line.value = reader.compile(directive, 2);
  if (directive.count() == 3) {
    if (directive.word(3) != "always") {
      return reader.error(directive, 3, fmt::format("invalid parameter \"{}\"", directive.word(3)));
    }
    line.always = true;
  }
  headers.push_back(std::move(line));
}

void read_expires(Reader& reader, const Directive& directive) {
  using Expires = Location::Expires;
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  Location& location = reader.level().location;
  std::string_view word = directive.word(1);
  if (directive.count() == 2 || word.starts_with('@') || has_variables(word)) {
    if (directive.count() == 2 && word != "modified") {
      return reader.directive_error(directive, 1, "invalid value");
    }
    return reader.error(directive, 0,
                        fmt::format("\"expires {}{}{}\" of nginx is not supported by baton", word,
                                    directive.count() == 2 ? " " : "",
                                    directive.count() == 2 ? directive.word(2) : ""));
  }
  location.expires_after = 0s;
  if (word == "epoch") {
    location.expires = Expires::epoch;
  } else if (word == "max") {
    location.expires = Expires::max;
  } else if (word == "off") {
    location.expires = Expires::off;
  } else {
    const bool negative = word.starts_with('-');
    if (negative || word.starts_with('+')) word.remove_prefix(1);
    const auto time = parse_seconds(word);
    if (!time) return reader.directive_error(directive, 1, "invalid value");
    location.expires = Expires::after;
    location.expires_after = negative ? -*time : *time;
  }
}

void read_charset(Reader& reader, const Directive& directive) {
  if (!reader.first_on_level()) return reader.directive_error(directive, 0, "is duplicate");
  const std::string& name = directive.word(1);
  if (has_variables(name)) {
    return reader.error(directive, 1, "variables in \"charset\" are not supported by baton");
  }
  reader.level().location.charset = name == "off" ? "" : name;
}

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    supported("add_header", in_all_http, take23, read_add_header),
    supported("expires", in_all_http, take12, read_expires),
    supported("charset", in_all_http, take1, read_charset),
    only_value("add_header_inherit", in_all_http, take1, "on", Value::text),
    only_value("add_trailer_inherit", in_all_http, take1, "on", Value::text),
    refused("add_trailer", in_all_http, take23),
    refused("source_charset", in_all_http, take1),
    only_value("override_charset", in_all_http, take_switch, "off"),
    refused("charset_types", hsl, take1_or_more),
    refused("charset_map", in_http, take2 | block),
};

}  // namespace

std::span<const Rule> headers_rules() {
  return rules;
}

}  // namespace baton::config::nginx
