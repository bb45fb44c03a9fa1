// Words of nginx that stand elsewhere: the stream and mail blocks, which baton does not have, and
// modules that come with nginx's commercial version or are built apart from it. Knowing them makes
// the message right: not supported, or not allowed here, instead of unknown.

#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr auto hsl = in_http_server_location;

constexpr Rule elsewhere(std::string_view name, std::uint32_t contexts) {
  return refused(name, contexts, take_any);
}

constexpr Rule rules[] = {
    refused("stream", in_main, take0 | block),
    refused("mail", in_main, take0 | block),
    refused("mgmt", in_main, take0 | block),
    elsewhere("control_api", in_main),

    // Below stream.
    elsewhere("preread_buffer_size", in_stream),
    elsewhere("preread_timeout", in_stream),
    elsewhere("proxy_download_rate", in_stream),
    elsewhere("proxy_half_close", in_stream),
    elsewhere("proxy_protocol", in_stream | in_mail),
    elsewhere("proxy_protocol_timeout", in_stream),
    elsewhere("proxy_requests", in_stream),
    elsewhere("proxy_responses", in_stream),
    elsewhere("proxy_session_drop", in_stream),
    elsewhere("proxy_ssl", in_stream),
    elsewhere("proxy_ssl_alpn", in_stream),
    elsewhere("proxy_timeout", in_stream | in_mail),
    elsewhere("proxy_upload_rate", in_stream),
    elsewhere("ssl_alpn", in_stream),
    elsewhere("ssl_handshake_timeout", in_stream),
    elsewhere("ssl_preread", in_stream),
    elsewhere("pass", in_stream),
    elsewhere("udp_timeout", in_stream),
    elsewhere("zone_sync", in_stream),

    // Below mail.
    elsewhere("auth_http", in_mail),
    elsewhere("auth_http_header", in_mail),
    elsewhere("auth_http_pass_client_cert", in_mail),
    elsewhere("auth_http_timeout", in_mail),
    elsewhere("imap_auth", in_mail),
    elsewhere("imap_capabilities", in_mail),
    elsewhere("imap_client_buffer", in_mail),
    elsewhere("max_commands", in_mail),
    elsewhere("max_errors", in_mail),
    elsewhere("pop3_auth", in_mail),
    elsewhere("pop3_capabilities", in_mail),
    elsewhere("protocol", in_mail),
    elsewhere("proxy", in_mail),
    elsewhere("proxy_buffer", in_mail),
    elsewhere("proxy_pass_error_message", in_mail),
    elsewhere("proxy_smtp_auth", in_mail),
    elsewhere("smtp_auth", in_mail),
    elsewhere("smtp_capabilities", in_mail),
    elsewhere("smtp_client_buffer", in_mail),
    elsewhere("smtp_greeting_delay", in_mail),
    elsewhere("starttls", in_mail),
    elsewhere("timeout", in_mail),
    elsewhere("xclient", in_mail),

    // The commercial version's.
    elsewhere("api", in_location),
    elsewhere("auth_jwt", hsl | in_limit_except),
    elsewhere("auth_jwt_claim_set", in_http),
    elsewhere("auth_jwt_header_set", in_http),
    elsewhere("auth_jwt_key_cache", hsl),
    elsewhere("auth_jwt_key_file", hsl | in_limit_except),
    elsewhere("auth_jwt_key_request", hsl | in_limit_except),
    elsewhere("auth_jwt_leeway", hsl),
    elsewhere("auth_jwt_require", hsl | in_limit_except),
    elsewhere("auth_jwt_type", hsl | in_limit_except),
    elsewhere("auth_oidc", hsl),
    elsewhere("auth_require", hsl | in_limit_except),
    elsewhere("f4f", in_location),
    elsewhere("f4f_buffer_size", hsl),
    elsewhere("health_check", in_stream),
    elsewhere("health_check_timeout", in_stream),
    elsewhere("hls", in_location),
    elsewhere("hls_buffers", hsl),
    elsewhere("hls_forward_args", hsl),
    elsewhere("hls_fragment", hsl),
    elsewhere("hls_mp4_buffer_size", hsl),
    elsewhere("hls_mp4_max_buffer_size", hsl),
    elsewhere("internal_redirect", in_server | in_location),
    elsewhere("keyval", in_http),
    elsewhere("keyval_zone", in_http),
    elsewhere("mp4_limit_rate", hsl),
    elsewhere("mp4_limit_rate_after", hsl),
    refused("oidc_provider", in_http, take1 | block),
    elsewhere("session_log", hsl),
    elsewhere("session_log_format", in_http),
    elsewhere("session_log_zone", in_http),
    elsewhere("status", in_location),
    elsewhere("status_format", hsl),
    elsewhere("status_zone", in_server | in_location),
    elsewhere("upstream_conf", in_location),

    // Built apart: njs, OpenTelemetry, ACME, Lua.
    elsewhere("js_access", in_location),
    elsewhere("js_body_filter", in_location | in_location_if | in_limit_except),
    elsewhere("js_content", in_location | in_location_if | in_limit_except),
    elsewhere("js_header_filter", in_location | in_location_if | in_limit_except),
    elsewhere("js_fetch_buffer_size", hsl),
    elsewhere("js_fetch_ciphers", hsl),
    elsewhere("js_fetch_max_response_buffer_size", hsl),
    elsewhere("js_fetch_protocols", hsl),
    elsewhere("js_fetch_timeout", hsl),
    elsewhere("js_fetch_trusted_certificate", hsl),
    elsewhere("js_fetch_verify", hsl),
    elsewhere("js_fetch_verify_depth", hsl),
    elsewhere("js_import", hsl),
    elsewhere("js_include", in_http),
    elsewhere("js_path", hsl),
    elsewhere("js_periodic", in_location),
    elsewhere("js_preload_object", hsl),
    elsewhere("js_set", hsl),
    elsewhere("js_shared_dict_zone", in_http),
    elsewhere("js_var", hsl),
    refused("otel_exporter", in_http, take0 | block),
    elsewhere("otel_service_name", in_http),
    elsewhere("otel_resource_attr", in_http),
    elsewhere("otel_trace", hsl),
    elsewhere("otel_trace_context", hsl),
    elsewhere("otel_span_name", hsl),
    elsewhere("otel_span_attr", hsl),
    refused("acme_issuer", in_http, take1 | block),
    elsewhere("acme_certificate", in_server),
    elsewhere("acme_shared_zone", in_http),
};

}  // namespace

std::span<const Rule> other_rules() {
  return rules;
}

}  // namespace baton::config::nginx
