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
    refused("flv", in_location, take0),
    refused("mp4", in_location, take0),
    refused("mp4_buffer_size", hsl, take1, Value::size),
    refused("mp4_max_buffer_size", hsl, take1, Value::size),
    refused("mp4_start_key_frame", hsl, take_switch),
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
