// nginx's modules and the directives that they are used by.

#include "cli/nginx_modules.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "config/nginx/grammar.h"

namespace baton::cli {

namespace {

using config::nginx::Rule;
using config::nginx::Support;

// One module of nginx: its name in nginx's configure arguments, and a directive that does nothing
// without it.
struct Module {
  std::string_view name;
  std::string_view directive;
};

// Built unless left out by "--without-NAME".
constexpr std::array default_modules = {
    Module{"http", "http"},
    Module{"http-cache", "proxy_cache"},
    Module{"http_charset_module", "charset"},
    Module{"http_gzip_module", "gzip"},
    Module{"http_ssi_module", "ssi"},
    Module{"http_userid_module", "userid"},
    Module{"http_access_module", "allow"},
    Module{"http_auth_basic_module", "auth_basic"},
    Module{"http_mirror_module", "mirror"},
    Module{"http_autoindex_module", "autoindex"},
    Module{"http_geo_module", "geo"},
    Module{"http_map_module", "map"},
    Module{"http_split_clients_module", "split_clients"},
    Module{"http_referer_module", "valid_referers"},
    Module{"http_rewrite_module", "rewrite"},
    Module{"http_proxy_module", "proxy_pass"},
    Module{"http_fastcgi_module", "fastcgi_pass"},
    Module{"http_uwsgi_module", "uwsgi_pass"},
    Module{"http_scgi_module", "scgi_pass"},
    Module{"http_grpc_module", "grpc_pass"},
    Module{"http_memcached_module", "memcached_pass"},
    Module{"http_limit_conn_module", "limit_conn"},
    Module{"http_limit_req_module", "limit_req"},
    Module{"http_empty_gif_module", "empty_gif"},
    Module{"http_browser_module", "modern_browser"},
    Module{"http_upstream_hash_module", "hash"},
    Module{"http_upstream_ip_hash_module", "ip_hash"},
    Module{"http_upstream_least_conn_module", "least_conn"},
    Module{"http_upstream_random_module", "random"},
    Module{"http_upstream_keepalive_module", "keepalive"},
    // The state of an upstream's servers is shared, asked for or not.
    Module{"http_upstream_zone_module", "upstream"},
    Module{"http_upstream_sticky_module", "sticky"},
};

// Built only when asked for by "--with-NAME".
constexpr std::array optional_modules = {
    Module{"threads", "thread_pool"},
    Module{"http_ssl_module", "ssl_certificate"},
    Module{"http_v2_module", "http2"},
    Module{"http_v3_module", "http3"},
    Module{"http_realip_module", "set_real_ip_from"},
    Module{"http_addition_module", "add_before_body"},
    Module{"http_xslt_module", "xslt_stylesheet"},
    Module{"http_image_filter_module", "image_filter"},
    Module{"http_geoip_module", "geoip_country"},
    Module{"http_sub_module", "sub_filter"},
    Module{"http_dav_module", "dav_methods"},
    Module{"http_flv_module", "flv"},
    Module{"http_mp4_module", "mp4"},
    Module{"http_gunzip_module", "gunzip"},
    Module{"http_gzip_static_module", "gzip_static"},
    Module{"http_auth_request_module", "auth_request"},
    Module{"http_random_index_module", "random_index"},
    Module{"http_secure_link_module", "secure_link"},
    Module{"http_degradation_module", "degradation"},
    Module{"http_slice_module", "slice"},
    Module{"http_stub_status_module", "stub_status"},
    Module{"http_perl_module", "perl"},
    Module{"mail", "mail"},
    Module{"stream", "stream"},
};

// Directives of one name in several places (`keepalive`, `zone`) count when any of them works.
bool is_there(const Module& module) {
  return std::ranges::any_of(config::nginx::rules_for(module.directive),
                             [](const Rule* rule) { return rule->support == Support::full; });
}

}  // namespace

std::string module_arguments() {
  std::string text;
  for (const Module& module : optional_modules) {
    if (is_there(module)) text.append(" --with-").append(module.name);
  }
  for (const Module& module : default_modules) {
    if (!is_there(module)) text.append(" --without-").append(module.name);
  }
  return text.empty() ? text : text.substr(1);
}

}  // namespace baton::cli
