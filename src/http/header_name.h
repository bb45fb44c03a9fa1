// Known header field names as numbers. A name is looked up once, while the head is parsed, by a
// perfect hash over its length and two of its characters; afterwards code compares numbers and
// HeaderTable finds a header by index instead of by scanning text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace baton::http {

enum class HeaderId : std::uint8_t {
  unknown,
  accept,
  accept_encoding,
  accept_language,
  accept_ranges,
  age,
  allow,
  authorization,
  cache_control,
  connection,
  content_disposition,
  content_encoding,
  content_language,
  content_length,
  content_location,
  content_range,
  content_type,
  cookie,
  date,
  etag,
  expect,
  expires,
  forwarded,
  from,
  host,
  if_match,
  if_modified_since,
  if_none_match,
  if_range,
  if_unmodified_since,
  keep_alive,
  last_modified,
  link,
  location,
  max_forwards,
  origin,
  pragma,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  range,
  referer,
  refresh,
  retry_after,
  server,
  set_cookie,
  te,
  trailer,
  transfer_encoding,
  upgrade,
  user_agent,
  vary,
  via,
  www_authenticate,
  x_accel_buffering,
  x_accel_charset,
  x_accel_expires,
  x_accel_limit_rate,
  x_accel_redirect,
  x_forwarded_for,
  x_forwarded_host,
  x_forwarded_proto,
  x_pad,
  x_real_ip,
  x_request_id,
};

inline constexpr std::size_t header_id_count = static_cast<std::size_t>(HeaderId::x_request_id) + 1;

// The usual spelling of each known name, by number; "" for unknown.
extern const std::array<std::string_view, header_id_count> header_names;

// The number of `name` (any case); unknown when it is not in the table. `name` must be a token
// (RFC 9110 section 5.6.2).
HeaderId find_header_id(std::string_view name);

inline std::string_view header_name(HeaderId id) {
  return header_names[static_cast<std::size_t>(id)];
}

}  // namespace baton::http
