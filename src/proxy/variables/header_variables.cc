// Looking names up in header lines, query strings and cookies.

#include "proxy/variables/header_variables.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <iterator>

#include "base/number_text.h"
#include "base/text.h"
#include "http/basic_credentials.h"

namespace baton::proxy {

using http::Header;
using http::HeaderId;
using http::HeaderTable;

namespace {

// "x_real_ip" names X-Real-IP.
bool names_header(std::string_view variable, std::string_view header) {
  if (variable.size() != header.size()) return false;
  for (std::size_t i = 0; i < header.size(); ++i) {
    const char c = header[i] == '-' ? '_' : to_lower(header[i]);
    if (c != variable[i]) return false;
  }
  return true;
}

// The number of the header that `name` stands for, found by its hash.
HeaderId header_id(std::string_view name) {
  std::array<char, 64> spelled;
  if (name.size() > spelled.size() || name.empty()) return HeaderId::unknown;
  for (std::size_t i = 0; i < name.size(); ++i) spelled[i] = name[i] == '_' ? '-' : name[i];
  return http::find_header_id({spelled.data(), name.size()});
}

// Cuts "name=value" off the front of `text` up to `separator`.
struct Pair {
  std::string_view name;
  std::string_view value;
  bool has_value;
};
Pair take_pair(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view pair = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  const std::size_t equals = pair.find('=');
  if (equals == std::string_view::npos) return {pair, {}, false};
  return {pair.substr(0, equals), pair.substr(equals + 1), true};
}

// Cookies are cut out as nginx does it: spaces, and only those, may stand around a name and in
// front of a value.
std::string_view without_first_spaces(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return text;
}
std::string_view cookie_name_of(const Pair& pair) {
  const std::string_view name = without_first_spaces(pair.name);
  return name.substr(0, name.find_last_not_of(' ') + 1);
}

bool append_body_length(std::string& into, const Request& request) {
  if (!request.response.content_length) return false;
  append_decimal(into, *request.response.content_length);
  return true;
}

bool append_if_any(std::string& into, std::string_view value) {
  into += value;
  return !value.empty();
}

bool stays_open(const Request& request) {
  return request.keep_alive && request.head.keep_alive;
}

bool append_keep_alive(std::string& into, const Request& request) {
  const auto* location = request.location;
  if (!stays_open(request) || !location || !location->keepalive_header) return false;
  fmt::format_to(
      std::back_inserter(into), "timeout={}",
      std::chrono::duration_cast<std::chrono::seconds>(*location->keepalive_header).count());
  return true;
}

}  // namespace

bool append_header(std::string& into, const HeaderTable& headers, std::string_view name,
                   std::uint16_t looked_up) {
  const HeaderId id = looked_up != 0 ? static_cast<HeaderId>(looked_up) : header_id(name);
  if (id != HeaderId::unknown) {
    const Header* line = headers.find(id);
    if (!line) return false;
    into += line->value;
    while ((line = headers.next(*line))) {
      into += id == HeaderId::cookie ? "; " : ", ";
      into += line->value;
    }
    return true;
  }
  bool found = false;
  for (const Header& line : headers) {
    if (!names_header(name, line.name)) continue;
    if (found) into += ", ";
    into += line.value;
    found = true;
  }
  return found;
}

bool append_sent_header(std::string& into, const Request& request, std::string_view name) {
  const Response& response = request.response;
  if (name == "content_type") return append_if_any(into, response.content_type);
  if (name == "content_length") return append_body_length(into, request);
  if (name == "last_modified") return append_if_any(into, response.last_modified);
  if (name == "location") return append_if_any(into, response.location);
  if (name == "keep_alive") return append_keep_alive(into, request);
  if (name == "connection") {
    into += response.status == 101 ? "upgrade" : stays_open(request) ? "keep-alive" : "close";
    return true;
  }
  if (name == "transfer_encoding") {
    const bool chunked = request.head.version_minor >= 1 && !response.content_length &&
                         response.status >= 200 && response.status != 204 && response.status != 304;
    return append_if_any(into, chunked ? "chunked" : "");
  }
  bool found = false;
  for (const ResponseHeader& line : response.headers) {
    if (!names_header(name, line.name)) continue;
    if (found) into += ", ";
    into += line.value;
    found = true;
  }
  return found;
}

bool append_trailer(std::string& into, std::string_view lines, std::string_view name) {
  bool found = false;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !names_header(name, line.substr(0, colon))) continue;
    if (found) into += ", ";
    into += trimmed(line.substr(colon + 1));
    found = true;
  }
  return found;
}

bool append_argument(std::string& into, std::string_view args, std::string_view name) {
  while (!args.empty()) {
    const Pair pair = take_pair(args, '&');
    if (!pair.has_value || !equals_ignoring_case(pair.name, name)) continue;
    into += pair.value;
    return true;
  }
  return false;
}

bool append_cookie(std::string& into, const HeaderTable& headers, std::string_view name) {
  for (const Header* line = headers.find(HeaderId::cookie); line; line = headers.next(*line)) {
    std::string_view pairs = line->value;
    while (!pairs.empty()) {
      const Pair pair = take_pair(pairs, ';');
      if (!pair.has_value || !equals_ignoring_case(cookie_name_of(pair), name)) continue;
      into += without_first_spaces(pair.value);
      return true;
    }
  }
  return false;
}

bool append_set_cookie(std::string& into, const HeaderTable& headers, std::string_view name) {
  for (const Header* line = headers.find(HeaderId::set_cookie); line; line = headers.next(*line)) {
    std::string_view attributes = line->value;
    const Pair pair = take_pair(attributes, ';');
    if (!pair.has_value || !equals_ignoring_case(cookie_name_of(pair), name)) continue;
    into += without_first_spaces(pair.value);
    return true;
  }
  return false;
}

bool append_remote_user(std::string& into, const HeaderTable& headers) {
  const auto credentials = http::parse_basic_credentials(headers.value(HeaderId::authorization));
  if (!credentials) return false;
  into += credentials->user;
  return true;
}

}  // namespace baton::proxy
