// TLS, HTTP/2 and HTTP/3. baton refuses a `listen` that asks for one of them, so in a file that
// loads these directives speak about nothing that is there.

#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr auto hsl = in_http_server_location;
constexpr auto http_server = in_http | in_server;
constexpr auto no_tls = "no \"listen\" here uses ssl";
constexpr auto no_http2 = "no \"listen\" here uses http2";
constexpr auto no_http3 = "no \"listen\" here uses quic";

constexpr Rule rules[] = {
    no_effect("http2_recv_buffer_size", in_http, take1, Value::size, no_http2),
    no_effect("http2_pool_size", http_server, take1, Value::size, no_http2),
    no_effect("http2_max_concurrent_streams", http_server, take1, Value::number, no_http2),
    no_effect("http2_max_concurrent_pushes", http_server, take1, Value::number, no_http2),
    no_effect("http2_max_requests", http_server, take1, Value::any, no_http2),
    no_effect("http2_max_field_size", http_server, take1, Value::any, no_http2),
    no_effect("http2_max_header_size", http_server, take1, Value::any, no_http2),
    no_effect("http2_body_preread_size", http_server, take1, Value::size, no_http2),
    no_effect("http2_streams_index_size", http_server, take1, Value::number, no_http2),
    no_effect("http2_recv_timeout", http_server, take1, Value::any, no_http2),
    no_effect("http2_idle_timeout", http_server, take1, Value::any, no_http2),
    no_effect("http2_chunk_size", hsl, take1, Value::size, no_http2),
    no_effect("http2_push_preload", hsl, take_switch, Value::any, no_http2),
    no_effect("http2_push", hsl, take1, Value::any, no_http2),
    only_value("ssl", http_server, take_switch, "off"),
    no_effect("ssl_certificate", http_server, take1, Value::any, no_tls),
    no_effect("ssl_certificate_key", http_server, take1, Value::any, no_tls),
    no_effect("ssl_password_file", http_server, take1, Value::any, no_tls),
    no_effect("ssl_dhparam", http_server, take1, Value::text, no_tls),
    no_effect("ssl_ecdh_curve", http_server, take1, Value::text, no_tls),
    no_effect("ssl_protocols", http_server, take1_or_more, Value::any, no_tls),
    no_effect("ssl_ciphers", http_server, take1, Value::text, no_tls),
    no_effect("ssl_buffer_size", http_server, take1, Value::size, no_tls),
    no_effect("ssl_verify_client", http_server, take1, Value::text, no_tls),
    no_effect("ssl_verify_depth", http_server, take1, Value::number, no_tls),
    no_effect("ssl_client_certificate", http_server, take1, Value::text, no_tls),
    no_effect("ssl_trusted_certificate", http_server, take1, Value::text, no_tls),
    no_effect("ssl_prefer_server_ciphers", http_server, take_switch, Value::any, no_tls),
    no_effect("ssl_session_cache", http_server, take12, Value::any, no_tls),
    no_effect("ssl_session_tickets", http_server, take_switch, Value::any, no_tls),
    no_effect("ssl_session_ticket_key", http_server, take1, Value::any, no_tls),
    no_effect("ssl_session_timeout", http_server, take1, Value::any, no_tls),
    no_effect("ssl_crl", http_server, take1, Value::text, no_tls),
    no_effect("ssl_ocsp", http_server, take1, Value::text, no_tls),
    no_effect("ssl_ocsp_responder", http_server, take1, Value::text, no_tls),
    no_effect("ssl_ocsp_cache", http_server, take1, Value::any, no_tls),
    no_effect("ssl_stapling", http_server, take_switch, Value::any, no_tls),
    no_effect("ssl_stapling_file", http_server, take1, Value::text, no_tls),
    no_effect("ssl_stapling_responder", http_server, take1, Value::text, no_tls),
    no_effect("ssl_stapling_verify", http_server, take_switch, Value::any, no_tls),
    no_effect("ssl_early_data", http_server, take_switch, Value::any, no_tls),
    no_effect("ssl_conf_command", http_server, take2, Value::any, no_tls),
    no_effect("ssl_reject_handshake", http_server, take_switch, Value::any, no_tls),
    no_effect("ssl_certificate_cache", http_server, take123, Value::text, no_tls),
    no_effect("ssl_certificate_compression", http_server, take_switch, Value::any, no_tls),
    no_effect("ssl_ech_file", http_server, take1, Value::any, no_tls),
    no_effect("ssl_key_log", http_server, take1, Value::text, no_tls),
    only_value("http2", http_server, take_switch, "off"),
    no_effect("http3", http_server, take_switch, Value::any, no_http3),
    no_effect("http3_hq", http_server, take_switch, Value::any, no_http3),
    no_effect("http3_max_concurrent_streams", http_server, take1, Value::number, no_http3),
    no_effect("http3_stream_buffer_size", http_server, take1, Value::size, no_http3),
    no_effect("quic_retry", http_server, take_switch, Value::any, no_http3),
    no_effect("quic_gso", http_server, take_switch, Value::any, no_http3),
    no_effect("quic_host_key", http_server, take1, Value::any, no_http3),
    no_effect("quic_active_connection_id_limit", http_server, take1, Value::number, no_http3),
};

}  // namespace

std::span<const Rule> tls_rules() {
  return rules;
}

}  // namespace baton::config::nginx
