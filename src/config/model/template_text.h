// Text with nginx variables in it ("$scheme://$host$request_uri"), compiled once by the config
// layer so that the request path only walks the parts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baton::config {

// Every variable that the proxy can compute. Those with a name behind them (`$http_x_real_ip`,
// `$arg_id`, `$cookie_session`, ...) carry it in TextPart::text.
enum class Variable : std::uint16_t {
  literal,  // no variable: TextPart::text as it stands
  // $1..$9: TextPart::index is the number of the group in the expression that matched last.
  capture,
  arg_name,
  cookie_name,
  http_name,
  sent_http_name,
  sent_trailer_name,
  upstream_http_name,
  upstream_cookie_name,
  upstream_trailer_name,
  args,
  query_string,
  is_args,
  uri,
  document_uri,
  request_uri,
  request,
  request_method,
  request_filename,
  request_length,
  request_time,
  request_completion,
  request_id,
  request_body,
  server_protocol,
  server_addr,
  server_port,
  server_name,
  scheme,
  https,
  host,
  hostname,
  proxy_host,
  proxy_port,
  proxy_add_x_forwarded_for,
  remote_addr,
  remote_port,
  remote_user,
  binary_remote_addr,
  realip_remote_addr,
  realip_remote_port,
  document_root,
  realpath_root,
  content_length,
  content_type,
  status,
  bytes_sent,
  body_bytes_sent,
  connection,
  connection_requests,
  connection_time,
  pipe,
  pid,
  msec,
  time_local,
  time_iso8601,
  nginx_version,
  tcpinfo_rtt,
  limit_rate,
  upstream_addr,
  upstream_status,
  upstream_response_time,
  upstream_connect_time,
  upstream_header_time,
  upstream_response_length,
  upstream_bytes_received,
  upstream_bytes_sent,
  upstream_cache_status,
  ssl_protocol,
  ssl_cipher,
  proxy_protocol_addr,
  gzip_ratio,
  // Of the configuration's own making (set, map, geo, split_clients, auth_request_set, named
  // captures): TextPart::index is the place in Proxy::variables.
  defined,
  connections_active,
  connections_reading,
  connections_waiting,
  connections_writing,
  date_gmt,
  date_local,
  fastcgi_path_info,
  fastcgi_script_name,
  invalid_referer,
  modern_browser,
  ancient_browser,
  msie,
  is_request_port,
  request_port,
  limit_conn_status,
  limit_req_status,
  proxy_protocol_port,
  proxy_protocol_server_addr,
  proxy_protocol_server_port,
  proxy_internal_body_length,
  proxy_internal_chunked,
  request_body_file,
  secure_link,
  secure_link_expires,
  tcpinfo_rttvar,
  tcpinfo_snd_cwnd,
  tcpinfo_rcv_space,
  uid_got,
  uid_set,
  uid_reset,
  upstream_cache_last_modified,
  upstream_cache_etag,
  upstream_cache_key,
  upstream_last_addr,
  upstream_last_server_name,
  upstream_queue_time,
  proxy_protocol_tlv_name,
};

struct TextPart {
  Variable variable = Variable::literal;
  std::string text;  // the literal, or the name behind http_, arg_, cookie_, ... in lower case
                     // with '_' as nginx keeps it
  // Number of a capture, or place of a defined variable; of $http_NAME and $upstream_http_NAME the
  // http::HeaderId of NAME, 0 when it is not a known one.
  std::uint16_t index = 0;
};

struct TemplateText {
  std::vector<TextPart> parts;
  std::string source;  // as the user wrote it, for messages

  [[nodiscard]] bool empty() const { return parts.empty(); }
  [[nodiscard]] bool is_literal() const {
    return parts.empty() || (parts.size() == 1 && parts[0].variable == Variable::literal);
  }
  // The text of a template without variables.
  [[nodiscard]] std::string_view literal() const {
    return parts.empty() ? std::string_view{} : std::string_view{parts[0].text};
  }
};

}  // namespace baton::config
