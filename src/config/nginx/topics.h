// The tables of directives, one source file a topic. grammar.cc puts them together.
#pragma once

#include <span>

#include "config/nginx/rule.h"

namespace baton::config::nginx {

std::span<const Rule> core_rules();         // core.cc: main level and processes
std::span<const Rule> events_rules();       // events.cc
std::span<const Rule> http_core_rules();    // http_core.cc: http block, clients, connections
std::span<const Rule> client_body_rules();  // client_body.cc: client_body_*, client_max_body_size
std::span<const Rule> server_rules();       // server.cc: server, server_name
std::span<const Rule> listen_rules();       // listen.cc
std::span<const Rule> location_rules();     // location.cc: location, error_page, try_files ...
std::span<const Rule> static_rules();       // static.cc: files, types, index
std::span<const Rule> headers_rules();      // headers.cc: add_header, expires, charset
std::span<const Rule> log_rules();          // log.cc: access_log, log_format
std::span<const Rule> rewrite_rules();      // rewrite.cc: return, if, set, rewrite
std::span<const Rule> upstream_rules();     // upstream.cc
std::span<const Rule> resolver_rules();     // resolver.cc
std::span<const Rule> health_rules();       // health_check.cc: health_check, match
std::span<const Rule> balance_rules();      // balance.cc: methods, sticky, queue
std::span<const Rule> proxy_rules();        // proxy.cc
std::span<const Rule> proxy_rewriting_rules();  // proxy_rewriting.cc: redirects, cookies, bind
std::span<const Rule> proxy_cache_rules();      // proxy.cc: what of the family is not offered
std::span<const Rule> tls_rules();              // tls.cc: ssl_*, http2*, http3*, quic_*
std::span<const Rule> filters_rules();          // filters.cc: gzip, ssi, sub_filter, ...
std::span<const Rule> access_rules();         // access.cc: allow, auth_*, limit_*, realip, map ...
std::span<const Rule> gateways_rules();       // gateways.cc: fastcgi, uwsgi, scgi, grpc, ...
std::span<const Rule> other_rules();          // other_levels.cc: stream, mail, commercial modules
std::span<const Rule> limits_rules();         // limits.cc: limit_req, limit_conn, limit_rate
std::span<const Rule> authorization_rules();  // authorization.cc: allow, deny, auth_*, mirror
std::span<const Rule> page_rules();           // pages.cc: ssi, sub_filter, add_before_body
std::span<const Rule> map_rules();            // map.cc: map, split_clients
std::span<const Rule> geo_rules();            // geo.cc
std::span<const Rule> real_ip_rules();        // real_ip.cc
std::span<const Rule> referer_rules();        // referer.cc: valid_referers, secure_link
std::span<const Rule> user_id_rules();        // user_id.cc
std::span<const Rule> browser_rules();        // browser.cc: modern_browser, ancient_browser

}  // namespace baton::config::nginx
