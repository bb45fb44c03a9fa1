// Lines of the configuration's in a response.

#include "proxy/response/added_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>

#include "base/text.h"
#include "config/model/headers.h"
#include "config/nginx/expires.h"
#include "http/date.h"
#include "http/header_name.h"
#include "proxy/response/compression.h"
#include "proxy/response/response_head.h"
#include "proxy/response/response_lines.h"
#include "proxy/variables/variables.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

using config::Expires;

// Without "always", lines are added to these only.
bool takes_added_headers(std::uint16_t status) {
  switch (status) {
    case 200:
    case 201:
    case 204:
    case 206:
    case 301:
    case 302:
    case 303:
    case 304:
    case 307:
    case 308:
      return true;
    default:
      return false;
  }
}

// The next time that the local clock shows `time_of_day`.
WallTime next_time_of_day(WallTime now, Duration time_of_day) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm local{};
  localtime_r(&seconds, &local);
  const auto wanted = static_cast<int>(to_ms(time_of_day) / 1000);
  local.tm_hour = wanted / 3600;
  local.tm_min = wanted / 60 % 60;
  local.tm_sec = wanted % 60;
  std::time_t next = std::mktime(&local);
  if (next <= seconds) {
    ++local.tm_mday;
    next = std::mktime(&local);
  }
  return std::chrono::system_clock::from_time_t(next);
}

std::optional<WallTime> last_modified_of(const Response& response) {
  const std::string_view text = response.last_modified.empty()
                                    ? line_value(response, "Last-Modified")
                                    : response.last_modified;
  return text.empty() ? std::nullopt : http::parse_date(text);
}

// `expires` with variables: what they come to now; a value that is none means off.
Expires read_expires(const config::HeaderSettings& settings, const Request& request) {
  if (!settings.expires_text) return settings.expires;
  std::string text;
  append_text(text, *settings.expires_text, request);
  return config::nginx::parse_expires(text, settings.expires_modified).expires.value_or(Expires{});
}

struct ExpiresLines {
  std::string_view expires;
  std::string_view cache_control;
};

ExpiresLines expires_lines(Request& request, const Expires& expires) {
  const auto now = std::chrono::floor<std::chrono::seconds>(runtime::wall_now());
  WallTime until = now + expires.time;
  if (expires.kind == Expires::Kind::daily) until = next_time_of_day(now, expires.time);
  if (expires.kind == Expires::Kind::modified) {
    if (const auto modified = last_modified_of(request.response)) until = *modified + expires.time;
  }
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(until - now).count();
  const std::string_view text = request.arena.store(http::format_date(until).view());
  if (expires.time < 0s || age < 0) return {text, "no-cache"};
  return {text, request.arena.store(fmt::format("max-age={}", age))};
}

void add_expires(Request& request, const config::HeaderSettings& settings) {
  const Expires expires = read_expires(settings, request);
  ExpiresLines lines;
  switch (expires.kind) {
    case Expires::Kind::off:
      return;
    case Expires::Kind::epoch:
      lines = {"Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"};
      break;
    case Expires::Kind::max:
      lines = {"Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"};
      break;
    default:
      lines = expires_lines(request, expires);
      break;
  }
  set_line(request.response, "Expires", lines.expires);
  set_line(request.response, "Cache-Control", lines.cache_control);
}

// Last-Modified and ETag can stand only once: a given one replaces what was there, an empty one
// removes it.
void add_line(Request& request, std::string_view name, std::string_view value) {
  Response& response = request.response;
  if (equals_ignoring_case(name, "Last-Modified")) {
    response.last_modified = {};
    set_line(response, name, value);
  } else if (equals_ignoring_case(name, "ETag")) {
    set_line(response, name, value);
  } else if (!value.empty()) {
    add_response_header(request, name, value);
  }
}

}  // namespace

void add_configured_headers(Request& request) {
  const config::Location& location = *request.location;
  const bool ordinary = takes_added_headers(request.response.status);
  if (ordinary && location.headers) add_expires(request, *location.headers);
  for (const config::HeaderLine& line : location.add_headers) {
    if (!ordinary && !line.always) continue;
    std::string_view value = line.value.literal();
    if (!line.value.is_literal()) {
      std::string text;
      append_header_value(text, line.value, request);
      value = request.arena.store(text);
    }
    add_line(request, line.name, value);
  }
}

void add_charset(Request& request) {
  const config::HeaderSettings* settings = request.location->headers.get();
  Response& response = request.response;
  if (!settings || !settings->charset || response.content_type.empty()) return;
  // Browsers of old took the charset of a redirect for that of the page behind it.
  if (response.status == 301 || response.status == 302) return;
  const std::string_view type = type_without_charset(response.content_type);
  if (type.size() != response.content_type.size() || !settings->charset_types.contains(type)) {
    return;
  }
  std::string charset;
  append_header_value(charset, *settings->charset, request);
  if (charset.empty()) return;
  response.content_type = request.arena.join({type, "; charset=", charset});
}

bool wants_trailers(const Request& request) {
  if (request.passes_trailers && !request.subrequest) return true;
  const config::HeaderSettings* settings = request.location->headers.get();
  if (!settings || request.subrequest) return false;
  const bool ordinary = takes_added_headers(request.response.status);
  for (const config::HeaderLine& line : settings->trailers) {
    if (ordinary || line.always) return true;
  }
  return false;
}

namespace {

// Lines that say how a message is framed or routed have no place behind it (RFC 9110 section
// 6.5.1).
bool may_be_trailer(std::string_view name) {
  switch (http::find_header_id(name)) {
    case http::HeaderId::connection:
    case http::HeaderId::content_encoding:
    case http::HeaderId::content_length:
    case http::HeaderId::content_type:
    case http::HeaderId::host:
    case http::HeaderId::set_cookie:
    case http::HeaderId::te:
    case http::HeaderId::trailer:
    case http::HeaderId::transfer_encoding:
    case http::HeaderId::upgrade:
      return false;
    default:
      return true;
  }
}

void append_upstream_trailers(std::string& into, const Request& request) {
  std::string_view lines = request.upstream_trailers;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (may_be_trailer(line.substr(0, line.find(':')))) into.append(line).append("\r\n");
  }
}

}  // namespace

void append_trailers(std::string& into, const Request& request) {
  if (request.passes_trailers) append_upstream_trailers(into, request);
  if (!request.location->headers) return;
  const bool ordinary = takes_added_headers(request.response.status);
  for (const config::HeaderLine& line : request.location->headers->trailers) {
    if (!ordinary && !line.always) continue;
    std::string value;
    append_header_value(value, line.value, request);
    if (value.empty()) continue;
    into.append(line.name).append(": ").append(value).append("\r\n");
    request.added_trailers.append(line.name).append(": ").append(value).append("\n");
  }
}

http::Validators sent_validators(Request& request, http::Validators validators) {
  for (const config::HeaderLine& line : request.location->add_headers) {
    const bool modified = equals_ignoring_case(line.name, "Last-Modified");
    if (!modified && !equals_ignoring_case(line.name, "ETag")) continue;
    std::string value;
    append_header_value(value, line.value, request);
    if (!modified) {
      validators.etag = request.arena.store(value);
      continue;
    }
    const auto date = http::parse_date(value);
    validators.has_last_modified = date.has_value();
    if (date) validators.last_modified = *date;
  }
  return validators;
}

}  // namespace baton::proxy
