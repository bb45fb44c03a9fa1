// What changes a response on its way: gzip, SSI, substitutions.

#include "config/nginx/compression.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr auto hsl = in_http_server_location;
constexpr auto own_buffers = "its buffers are as large as they need to be";

constexpr Rule rules[] = {
    supported("gzip", in_all_http, take_switch, read_gzip),
    supported("gzip_vary", hsl, take_switch, read_gzip_vary),
    supported("gzip_types", hsl, take1_or_more, read_gzip_types),
    supported("gzip_min_length", hsl, take1, read_gzip_min_length, Value::size),
    supported("gzip_comp_level", hsl, take1, read_gzip_comp_level, Value::number),
    supported("gzip_http_version", hsl, take1, read_gzip_http_version, Value::text),
    supported("gzip_proxied", hsl, take1_or_more, read_gzip_proxied),
    supported("gzip_disable", hsl, take1_or_more, read_gzip_disable),
    supported("gzip_window", hsl, take1, read_gzip_window, Value::size),
    supported("gzip_hash", hsl, take1, read_gzip_hash, Value::size),
    no_effect("gzip_buffers", hsl, take2, Value::buffers, own_buffers),
    no_effect("postpone_gzipping", hsl, take1, Value::size, own_buffers),
    no_effect("gzip_no_buffer", hsl, take_switch, Value::any, own_buffers),
    supported("gunzip", hsl, take_switch, read_gunzip),
    no_effect("gunzip_buffers", hsl, take2, Value::buffers, own_buffers),
    supported("gzip_static", hsl, take1, read_gzip_static, Value::text),
    only_value("slice", hsl, take1, "0", Value::size),
    refused("image_filter", in_location, take123),
    refused("image_filter_buffer", hsl, take1),
    refused("image_filter_interlace", hsl, take_switch),
    refused("image_filter_jpeg_quality", hsl, take1),
    refused("image_filter_sharpen", hsl, take1),
    refused("image_filter_transparency", hsl, take_switch),
    refused("image_filter_webp_quality", hsl, take1),
    refused("xml_entities", hsl, take1),
    refused("xml_external_entities", hsl, take_switch),
    refused("xslt_stylesheet", in_location, take1_or_more),
    refused("xslt_param", hsl, take2),
    refused("xslt_string_param", hsl, take2),
    refused("xslt_types", hsl, take1_or_more),
    refused("xslt_last_modified", hsl, take_switch),
};

}  // namespace

std::span<const Rule> filters_rules() {
  return rules;
}

}  // namespace baton::config::nginx
