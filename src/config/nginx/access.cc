// Who may, how often, and variables made from others: known by name, not offered yet.

#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr auto hsl = in_http_server_location;

constexpr Rule rules[] = {
    refused("dav_methods", hsl, take1_or_more),
    refused("create_full_put_path", hsl, take_switch),
    refused("min_delete_depth", hsl, take1, Value::number),
    refused("dav_access", hsl, take123),
    only_value("mirror", hsl, take1, "off"),
    refused("mirror_request_body", hsl, take_switch),
    only_value("auth_request", hsl, take1, "off"),
    refused("auth_request_set", hsl, take2),
    only_value("auth_basic", hsl | in_limit_except, take1, "off"),
    refused("auth_basic_user_file", hsl | in_limit_except, take1),
    refused("allow", hsl | in_limit_except, take1),
    refused("deny", hsl | in_limit_except, take1),
    refused("limit_conn_zone", in_http, take2),
    refused("limit_conn", hsl, take2),
    no_effect("limit_conn_log_level", hsl, take1, Value::text),
    refused("limit_conn_status", hsl, take1, Value::number),
    refused("limit_conn_dry_run", hsl, take_switch),
    refused("limit_req_zone", in_http, take3),
    refused("limit_req", hsl, take123),
    no_effect("limit_req_log_level", hsl, take1, Value::text),
    refused("limit_req_status", hsl, take1, Value::number),
    refused("limit_req_dry_run", hsl, take_switch),
    refused("modern_browser", hsl, take12),
    refused("ancient_browser", hsl, take1_or_more),
    refused("modern_browser_value", hsl, take1),
    refused("ancient_browser_value", hsl, take1),
    refused("flv", in_location, take0),
    refused("mp4", in_location, take0),
    refused("mp4_buffer_size", hsl, take1, Value::size),
    refused("mp4_max_buffer_size", hsl, take1, Value::size),
    refused("mp4_start_key_frame", hsl, take_switch),
    refused("stub_status", in_server | in_location, take0 | take1),
    refused("limit_zone", in_http, take3),
    refused("geoip_country", in_http, take12),
    refused("geoip_city", in_http, take12),
    refused("geoip_org", in_http, take12),
    refused("geoip_proxy", in_http, take1),
    refused("geoip_proxy_recursive", in_http, take_switch),
    refused("perl_modules", in_http, take1),
    refused("perl_require", in_http, take1),
    refused("perl_set", in_http, take2),
    refused("perl", in_location | in_limit_except, take1),
    refused("num_map", in_http, take2 | block),
    refused("google_perftools_profiles", in_main, take1),
};

}  // namespace

std::span<const Rule> access_rules() {
  return rules;
}

}  // namespace baton::config::nginx
