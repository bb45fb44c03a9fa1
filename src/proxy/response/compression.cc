// nginx's conditions for gzip and gunzip.

#include "proxy/response/compression.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "config/model/compression.h"
#include "http/accept_encoding.h"
#include "http/date.h"
#include "http/hop_by_hop.h"
#include "proxy/client/user_agent.h"
#include "proxy/response/response_lines.h"
#include "proxy/routing/regex.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

using config::CompressionSettings;
using http::HeaderId;

// Patterns of gzip_disable, compiled by each thread when it first meets one. As many as the
// configuration has.
const Regex* compiled(const std::string& pattern) {
  thread_local std::map<std::string, std::optional<Regex>> patterns;
  auto place = patterns.find(pattern);
  if (place == patterns.end()) {
    place = patterns.emplace(pattern, Regex::compile(pattern, true)).first;
  }
  return place->second ? &*place->second : nullptr;
}

bool is_disabled_for(const CompressionSettings& settings, const Request& request) {
  if (!settings.disable_msie6 && settings.disable_patterns.empty()) return false;
  const http::Header* agent = request.head.headers.find(HeaderId::user_agent);
  if (!agent) return false;
  if (settings.disable_msie6 && is_msie6(agent->value)) return true;
  std::vector<Capture> captures;
  return std::ranges::any_of(settings.disable_patterns, [&](const std::string& pattern) {
    const Regex* regex = compiled(pattern);
    return regex && regex->match(agent->value, captures);
  });
}

bool has_directive(const Response& response, std::string_view directive) {
  for (const ResponseHeader& line : response.headers) {
    if (!equals_ignoring_case(line.name, "Cache-Control")) continue;
    std::string_view list = line.value;
    std::string_view element;
    while (http::next_list_element(list, element)) {
      if (equals_ignoring_case(element, directive)) return true;
    }
  }
  return false;
}

bool is_expired(const Response& response, std::string_view expires) {
  const auto until = http::parse_date(expires);
  if (!until) return false;
  const std::string_view date = line_value(response, "Date");
  if (date.empty()) return *until < runtime::wall_now();
  const auto now = http::parse_date(date);
  return now && *until < *now;
}

// gzip_proxied: for requests that another proxy sent on.
bool is_allowed_for_proxies(std::uint16_t allowed, const Request& request) {
  const Response& response = request.response;
  if (allowed == 0) return false;
  if (allowed & config::gzip_proxied_any) return true;
  if ((allowed & config::gzip_proxied_auth) && request.head.headers.has(HeaderId::authorization)) {
    return true;
  }
  if (const auto expires = line_value(response, "Expires"); !expires.empty()) {
    return (allowed & config::gzip_proxied_expired) && is_expired(response, expires);
  }
  if (!line_value(response, "Cache-Control").empty()) {
    return ((allowed & config::gzip_proxied_no_cache) && has_directive(response, "no-cache")) ||
           ((allowed & config::gzip_proxied_no_store) && has_directive(response, "no-store")) ||
           ((allowed & config::gzip_proxied_private) && has_directive(response, "private"));
  }
  const bool has_modified =
      !response.last_modified.empty() || !line_value(response, "Last-Modified").empty();
  if ((allowed & config::gzip_proxied_no_last_modified) && has_modified) return false;
  return !(allowed & config::gzip_proxied_no_etag) || line_value(response, "ETag").empty();
}

}  // namespace

std::string_view type_without_charset(std::string_view content_type) {
  for (std::size_t at = content_type.find(';'); at != std::string_view::npos;
       at = content_type.find(';', at + 1)) {
    std::string_view parameter = content_type.substr(at + 1);
    while (parameter.starts_with(' ')) parameter.remove_prefix(1);
    constexpr std::string_view charset = "charset=";
    if (equals_ignoring_case(parameter.substr(0, charset.size()), charset)) {
      return content_type.substr(0, at);
    }
  }
  return content_type;
}

bool client_takes_gzip(const Request& request) {
  const CompressionSettings& settings = *request.location->compression;
  const http::HeaderTable& headers = request.head.headers;
  const http::Header* accepted = headers.find(HeaderId::accept_encoding);
  if (request.subrequest || !accepted || !http::accepts_gzip(accepted->value)) return false;
  if (request.head.version_minor < settings.http_minor) return false;
  if (headers.has(HeaderId::via) && !is_allowed_for_proxies(settings.proxied, request)) {
    return false;
  }
  return !is_disabled_for(settings, request);
}

bool is_compressible(const Request& request, std::optional<std::uint64_t> length) {
  const CompressionSettings* settings = request.location->compression.get();
  const Response& response = request.response;
  if (!settings || !settings->gzip) return false;
  if (response.status != 200 && response.status != 403 && response.status != 404) return false;
  if (length && *length < settings->min_length_bytes) return false;
  if (!settings->types.contains(type_without_charset(response.content_type))) return false;
  return line_value(response, "Content-Encoding").empty();
}

bool will_be_compressed(const Request& request, std::optional<std::uint64_t> length) {
  return is_compressible(request, length) && client_takes_gzip(request);
}

bool is_to_be_unpacked(const Request& request) {
  const CompressionSettings* settings = request.location->compression.get();
  if (!settings || !settings->gunzip) return false;
  // Of several codings it is the last one that comes off first.
  const std::string_view codings = line_value(request.response, "Content-Encoding");
  const std::size_t comma = codings.rfind(',');
  const std::string_view last =
      comma == std::string_view::npos ? codings : codings.substr(comma + 1);
  return equals_ignoring_case(trimmed(last), "gzip");
}

void forget_exact_body(Request& request) {
  Response& response = request.response;
  response.content_length.reset();
  response.range_line = {};
  remove_lines(response, "Accept-Ranges");
  ResponseHeader* etag = find_line(response, "ETag");
  if (!etag || etag->value.starts_with("W/")) return;
  if (etag->value.starts_with('"')) {
    etag->value = request.arena.join({"W/", etag->value});
  } else {
    remove_lines(response, "ETag");
  }
}

}  // namespace baton::proxy
