// The proxy's configuration, typed and immutable: what nginx.conf means, with inheritance between
// main, http, server and location resolved and all defaults filled in. Text stops here: the
// request path never looks at a directive again. Defaults stand where the option is declared;
// where they differ from nginx's on purpose, the comment says so.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "config/model/listener.h"
#include "config/model/logs.h"
#include "config/model/template_text.h"
#include "config/model/upstream.h"
#include "config/source.h"
#include "net/address.h"

namespace baton::config {

// Settings of topics with a header of their own (config/model/TOPIC.h). A Location points to them;
// nobody having said anything is a null pointer, so that an unused feature costs a request one
// test, and locations that inherit share one copy.
struct AccessSettings;        // access.h: allow, deny, satisfy, auth_basic, auth_request
struct BrowserSettings;       // browser.h: modern_browser, ancient_browser
struct CacheSettings;         // cache.h: proxy_cache and its family
struct CacheZone;             // cache.h: proxy_cache_path
struct ClientBodySettings;    // client_body.h: client_body_buffer_size, _temp_path, _in_file_only
struct CompressionSettings;   // compression.h: gzip, gunzip, gzip_static
struct ConnectionSettings;    // connection.h: keepalive_*, lingering_close beyond the usual
struct FastcgiSettings;       // fastcgi.h
struct HeaderSettings;        // headers.h: expires, charset, add_trailer
struct HealthCheck;           // health_check.h
struct HealthMatch;           // health_check.h: match
struct LimitSettings;         // limits.h: limit_req, limit_conn, limit_rate
struct LimitZone;             // limits.h: limit_req_zone, limit_conn_zone
struct MirrorSettings;        // mirror.h
struct ProxyBuffering;        // proxy_buffering.h: proxy_buffers, temporary files and their limits
struct ProxyRules;            // proxy_rules.h: proxy_redirect, proxy_cookie_*, proxy_bind ...
struct RealIpSettings;        // real_ip.h
struct RefererSettings;       // referer.h: valid_referers
struct ResolverSettings;      // resolver.h
struct MethodLimit;           // rewrite.h: limit_except
struct RewriteProgram;        // rewrite.h: if, set, rewrite, break, return in their order
struct SecureLinkSettings;    // secure_link.h
struct SsiSettings;           // ssi.h
struct StaticSettings;        // static.h: disable_symlinks, autoindex, open_file_cache
struct SubstitutionSettings;  // substitution.h: sub_filter
struct UserIdSettings;        // user_id.h
struct VariableDefinition;    // variable.h: set, map, geo, split_clients, named captures

struct HeaderLine {
  std::string name;
  TemplateText value;
  bool always = false;  // add_header ... always
};

// proxy_next_upstream conditions, a bit each.
enum NextUpstream : std::uint32_t {
  next_on_error = 1,
  next_on_timeout = 2,
  next_on_invalid_header = 4,
  next_on_http_500 = 8,
  next_on_http_502 = 16,
  next_on_http_503 = 32,
  next_on_http_504 = 64,
  next_on_http_403 = 128,
  next_on_http_404 = 256,
  next_on_http_429 = 512,
  next_non_idempotent = 1024,
};

// proxy_pass and the family that goes with it.
struct ProxyPass {
  std::uint32_t upstream = 0;  // index into Proxy::upstreams
  std::string host_header;     // what $proxy_host gives: the text after "http://"
  std::uint16_t port = 80;     // $proxy_port
  // proxy_pass with variables: worked out for each request. The four around it are not used then.
  std::optional<TemplateText> url;
  // proxy_pass http://name/uri: the part of the request URI that matched the location is replaced.
  std::optional<std::string> uri;
  // Sent to the upstream in this order. nginx's defaults (Host $proxy_host, Connection close)
  // are filled in unless overridden; an empty value after expansion drops the header.
  // `Connection` is absent here unless the user set it: the connection is baton's to manage.
  std::vector<HeaderLine> set_headers;
  bool http_1_1 = true;  // proxy_http_version; nginx before 1.29.7: 1.0
  bool pass_request_headers = true;
  bool pass_request_body = true;
  bool buffering = true;
  bool request_buffering = true;         // the whole body is read before a server is asked
  std::size_t buffer_size_bytes = 8192;  // limit of an upstream's response head
  std::size_t buffers_bytes = 65536;     // most that is read ahead of a slow client
  Duration connect_timeout = 60s;
  Duration send_timeout = 60s;
  Duration read_timeout = 60s;
  std::uint32_t next_upstream = next_on_error | next_on_timeout;
  std::uint32_t next_upstream_tries = 0;  // 0: no limit
  Duration next_upstream_timeout = 0s;    // 0: no limit
  bool intercept_errors = false;
  bool ignore_client_abort = false;
  std::shared_ptr<const ProxyRules> rules;  // null: none of them
  std::vector<std::string> hide_headers;    // lower case; nginx's own four are filled in
  std::vector<std::string> pass_headers;    // lower case
};

struct ErrorPage {
  std::vector<std::uint16_t> codes;
  // -1: keep the code; 0: the code of the page ("="); otherwise the new one ("=200").
  int answer_code = -1;
  TemplateText target;  // URI, "@name" or an absolute URL
};

using MimeTypes = std::map<std::string, std::string>;  // lower-case extension -> type

// What to do with a request that landed here, and every setting that applies to it.
struct Location {
  enum class Match : std::uint8_t {
    server,
    prefix,
    prefix_no_regex,
    exact,
    regex,
    regex_no_case,
    named
  };
  Match match = Match::prefix;
  std::string pattern;  // "/", "\.php$", "@fallback"; "" for the server itself
  Position where;
  std::vector<std::uint32_t> children;  // nested locations: indices into Server::locations

  // Handlers; static files otherwise.
  std::shared_ptr<const ProxyPass> proxy;
  bool internal = false;

  // Static files.
  TemplateText root;                  // default "html" below the prefix
  std::optional<TemplateText> alias;  // replaces root and the matched prefix
  // How much of the URI's start `alias` stands for: the length of the location that said it, which
  // a nested one inherits with it. Absent when a regex location said it: the whole URI.
  std::optional<std::size_t> alias_prefix_bytes;
  std::vector<TemplateText> index = {{{{Variable::literal, "index.html", 0}}, "index.html"}};
  std::vector<TemplateText> try_files;  // the last one is the fallback: a URI or "=404"
  bool sendfile = false;
  bool tcp_nopush = false;
  bool tcp_nodelay = true;
  bool etag = true;
  enum class IfModifiedSince : std::uint8_t {
    off,
    exact,
    before
  } if_modified_since = IfModifiedSince::exact;
  std::uint32_t max_ranges = UINT32_MAX;
  std::shared_ptr<const MimeTypes> types;
  std::string default_type = "text/plain";

  // Responses.
  std::vector<HeaderLine> add_headers;
  std::vector<ErrorPage> error_pages;
  bool server_tokens = true;

  // The client's side.
  std::uint64_t client_max_body_bytes = 1 << 20;  // 0: unlimited
  Duration client_body_timeout = 60s;
  Duration send_timeout = 60s;
  Duration keepalive_timeout = 75s;          // 0: close after each response
  std::optional<Duration> keepalive_header;  // second argument: Keep-Alive header
  std::uint32_t keepalive_requests = 1000;
  Duration lingering_time = 30s;
  Duration lingering_timeout = 5s;
  bool absolute_redirect = true;
  bool port_in_redirect = true;
  bool server_name_in_redirect = false;
  bool reset_timed_out = false;
  bool chunked_transfer_encoding = true;

  // Logs.
  std::shared_ptr<const AccessLogs> access_logs;            // null: off
  std::shared_ptr<const std::vector<ErrorLog>> error_logs;  // null: those of the main level
  std::shared_ptr<const LogFileCache> log_file_cache;       // null: off
  bool log_not_found = true;
  bool log_subrequest = false;

  // Topics of their own; null: defaults. Those marked * are not inherited.
  std::shared_ptr<const RewriteProgram> rewrite;    // *
  std::shared_ptr<const MethodLimit> limit_except;  // *
  bool rewrite_log = false;
  bool uninitialized_variable_warn = true;
  bool recursive_error_pages = false;
  std::shared_ptr<const RealIpSettings> real_ip;
  std::shared_ptr<const LimitSettings> limits;
  std::shared_ptr<const AccessSettings> access;
  std::shared_ptr<const MirrorSettings> mirror;
  std::shared_ptr<const ClientBodySettings> client_body;
  std::shared_ptr<const RefererSettings> referer;
  std::shared_ptr<const SecureLinkSettings> secure_link;
  std::shared_ptr<const UserIdSettings> user_id;
  std::shared_ptr<const BrowserSettings> browser;
  std::shared_ptr<const StaticSettings> files;
  std::shared_ptr<const CacheSettings> cache;
  std::shared_ptr<const ProxyBuffering> proxy_buffering;
  std::shared_ptr<const ResolverSettings> resolver;
  std::shared_ptr<const HealthCheck> health_check;  // *
  std::shared_ptr<const FastcgiSettings> fastcgi;
  std::shared_ptr<const CompressionSettings> compression;
  std::shared_ptr<const ConnectionSettings> connection;
  std::shared_ptr<const HeaderSettings> headers;
  std::shared_ptr<const SubstitutionSettings> substitution;
  std::shared_ptr<const SsiSettings> ssi;
  bool empty_gif = false;     // *
  bool stub_status = false;   // *
  bool fastcgi_pass = false;  // *: the handler is `fastcgi`
};

struct ServerName {
  enum class Kind : std::uint8_t {
    exact,
    leading_wildcard,
    trailing_wildcard,
    regex
  } kind = Kind::exact;
  std::string text;  // lower case; without "*." or ".*"; the pattern of a regex without "~"
};

struct Server {
  std::vector<ServerName> names;
  std::string primary_name;              // $server_name: first one as written, or ""
  std::vector<Location> locations;       // [0] is the server itself (Match::server)
  std::vector<std::uint32_t> top_level;  // indices of the outermost locations, in file order
  // Settings that apply before the location is known.
  Duration client_header_timeout = 60s;
  std::size_t client_header_buffer_bytes = 1024;
  std::size_t large_header_buffer_bytes = 8192;
  std::uint32_t large_header_buffers = 4;
  std::uint32_t max_headers = 1000;
  bool ignore_invalid_headers = true;
  bool underscores_in_headers = false;
  bool merge_slashes = true;
  Position where;
};

// The whole of nginx.conf.
struct Proxy {
  // main and events
  std::string prefix = "/etc/nginx";  // where relative paths start (-p)
  std::string config_path;
  std::string user;  // empty: nobody/nogroup decision is the supervisor's
  std::string group;
  std::uint32_t worker_processes = 1;  // threads; 0: one per core ("auto")
  std::uint32_t worker_connections = 512;
  std::optional<std::uint64_t> worker_rlimit_nofile;
  Duration worker_shutdown_timeout = 0s;  // 0: as long as it takes
  std::string pid_path;                   // absolute; default "/run/nginx.pid"
  bool daemon = true;
  bool master_process = true;
  bool multi_accept = false;
  std::vector<ErrorLog> error_logs;
  // http
  std::vector<LogFormat> log_formats;  // [0] is "combined"
  std::vector<UpstreamGroup> upstreams;
  std::vector<std::shared_ptr<const VariableDefinition>> variables;
  std::vector<std::shared_ptr<const LimitZone>> limit_zones;
  std::vector<std::shared_ptr<const CacheZone>> cache_zones;
  std::vector<Server> servers;
  std::vector<Listener> listeners;
  std::vector<std::string> charsets;  // that `charset` and `source_charset` name
  bool has_http = false;
};

}  // namespace baton::config
