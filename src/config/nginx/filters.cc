// What changes a response on its way: gzip, SSI, substitutions. baton passes bodies on as they are.

#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr auto hsl = in_http_server_location;
constexpr auto no_gzip = "responses are sent uncompressed";

constexpr Rule rules[] = {
    no_effect("gzip_vary", hsl, take_switch, Value::any, no_gzip),
    no_effect("gzip_http_version", hsl, take1, Value::text, no_gzip),
    no_effect("gzip_proxied", hsl, take1_or_more, Value::any, no_gzip),
    no_effect("gzip_disable", hsl, take1_or_more, Value::any, no_gzip),
    no_effect("gzip", in_all_http, take_switch, Value::any, no_gzip),
    no_effect("gzip_buffers", hsl, take2, Value::buffers, no_gzip),
    no_effect("gzip_types", hsl, take1_or_more, Value::any, no_gzip),
    no_effect("gzip_comp_level", hsl, take1, Value::number, no_gzip),
    no_effect("gzip_window", hsl, take1, Value::size, no_gzip),
    no_effect("gzip_hash", hsl, take1, Value::size, no_gzip),
    no_effect("postpone_gzipping", hsl, take1, Value::size, no_gzip),
    no_effect("gzip_no_buffer", hsl, take_switch, Value::any, no_gzip),
    no_effect("gzip_min_length", hsl, take1, Value::size, no_gzip),
    only_value("ssi", in_all_http, take_switch, "off"),
    no_effect("ssi_silent_errors", hsl, take_switch),
    no_effect("ssi_ignore_recycled_buffers", hsl, take_switch),
    no_effect("ssi_min_file_chunk", hsl, take1, Value::size),
    no_effect("ssi_value_length", hsl, take1, Value::size),
    no_effect("ssi_types", hsl, take1_or_more),
    no_effect("ssi_last_modified", hsl, take_switch),
    refused("sub_filter", hsl, take2),
    refused("sub_filter_types", hsl, take1_or_more),
    refused("sub_filter_once", hsl, take_switch),
    refused("sub_filter_last_modified", hsl, take_switch),
    refused("add_before_body", hsl, take1, Value::text),
    refused("add_after_body", hsl, take1, Value::text),
    refused("addition_types", hsl, take1_or_more),
    only_value("gunzip", hsl, take_switch, "off"),
    no_effect("gunzip_buffers", hsl, take2, Value::buffers),
    only_value("slice", hsl, take1, "0", Value::size),
    only_value("gzip_static", hsl, take1, "off", Value::text),
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
