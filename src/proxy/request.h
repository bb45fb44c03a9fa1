// Everything that is known of one request, from the first byte of its head to its log line: what
// the client sent, where it was routed, which upstream servers were tried, what is answered.
// The steps of the journey (exchange.cc) fill it in; variables, logs and static files read it.
//
// One Request is reused for all requests of a connection while it is busy and goes back to its
// thread when the connection falls idle. Views point into the head buffer, into `arena` or into
// the configuration, and are good until reset().
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/arena.h"
#include "base/log.h"
#include "base/time.h"
#include "config/model/proxy.h"
#include "http/head.h"
#include "net/address.h"
#include "net/proxy_protocol.h"
#include "proxy/variables/defined_values.h"
#include "runtime/fd.h"

namespace baton::proxy {

class ConnectionCounter;
struct PassedUrl;  // passed_url.h

// The client's connection as requests on it see it.
struct ClientInfo {
  net::Endpoint client;
  net::Endpoint local;           // what the client connected to
  std::uint64_t number = 0;      // $connection
  std::uint32_t requests = 0;    // $connection_requests, the current one included
  Instant connected{};           // for $connection_time
  std::string_view client_text;  // client.address.text(), made once per connection
  int fd = -1;                   // for $tcpinfo_rtt and its like
  const ConnectionCounter* connections = nullptr;  // for $connections_active and its family
  // Of the unix socket that the client connected to; "" for TCP. Its address is "unix:" then.
  std::string_view unix_path;
  const net::ProxyHeader* proxy_header = nullptr;  // what it started with; null: nothing
};

// One try to get the response from an upstream server; $upstream_addr and its family print one
// value of each, separated by ", " (" : " after an internal redirect).
struct UpstreamAttempt {
  std::string_view server;          // "192.168.175.121:80" or "unix:/path"; group name if none live
  std::uint16_t status = 0;         // 0: no response head arrived, printed as "-" or 502/504
  std::optional<Duration> connect;  // until connected
  std::optional<Duration> header;   // until the response head was there
  std::optional<Duration> response;  // until the last byte
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t body_bytes = 0;  // $upstream_response_length
  bool after_redirect = false;   // first attempt after an internal redirect: " : " before it
};

// A part of a file body: `before` is sent first (the head of a multipart/byteranges part).
struct FilePart {
  std::string_view before;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct ResponseHeader {
  std::string_view name;
  std::string_view value;
};

// The response to the client. Head lines are sent in nginx's order: Server, Date, Content-Type,
// Content-Length, Last-Modified, Transfer-Encoding, Location, Connection, Keep-Alive, `headers`
// (upstream's other lines, ETag, Accept-Ranges, Content-Range, WWW-Authenticate, add_header ...).
struct Response {
  std::uint16_t status = 0;
  std::string_view reason;        // "" for the usual one; an upstream's own words otherwise
  std::string_view content_type;  // complete with charset; "": no line
  std::optional<std::uint64_t> content_length;
  std::string_view last_modified;  // formatted
  std::string_view location;       // a path of ours made absolute; others stand in `headers`
  std::vector<ResponseHeader> headers;
  ResponseHeader range_line;     // Accept-Ranges or Content-Range, the last line of all; or none
  bool depends_on_gzip = false;  // Vary: Accept-Encoding, where gzip_vary asks for it
  // The body of a response made here: `text`, or the parts of `file`, in order, then `after`
  // (the end of a multipart body). Proxied bodies are streamed and stand nowhere.
  std::string_view text;
  runtime::Fd file;
  std::vector<FilePart> file_parts;
  std::string_view after;

  void reset() {
    status = 0;
    reason = content_type = last_modified = location = text = after = {};
    content_length.reset();
    headers.clear();
    range_line = {};
    depends_on_gzip = false;
    file.reset();
    file_parts.clear();
  }
};

// What a handler (static files, return, try_files, ...) wants to happen next.
struct Verdict {
  enum class Kind : std::uint8_t {
    respond,   // request.response is complete
    error,     // answer with `status` (error_page may change that); 444 closes the connection
    redirect,  // go on inside with `uri` (and `args`), or with the named location "@..."
    proceed,   // nothing decided: the next handler's turn
  } kind = Kind::respond;
  std::uint16_t status = 0;
  std::string_view uri;   // in the arena; decoded and normalised, without query
  std::string_view args;  // the query to go on with

  static Verdict respond() { return {}; }
  static Verdict error(std::uint16_t status) { return {Kind::error, status, {}, {}}; }
  static Verdict redirect(std::string_view uri, std::string_view args = {}) {
    return {Kind::redirect, 0, uri, args};
  }
  static Verdict proceed() { return {Kind::proceed, 0, {}, {}}; }
};

// Which part of the uri a regular expression's group matched.
struct Capture {
  std::string_view name;  // of a named group, "" otherwise
  std::string_view text;
  std::int32_t variable = -1;  // of a named group: its place in config::Proxy::variables
};

struct StoredBody;  // stored_body.h

// What is known of the response's way through proxy_cache; "" is a missing variable.
struct CacheFacts {
  std::string_view status;  // "HIT", "MISS", ...
  std::string_view key;
  std::string_view last_modified;  // of an entry that is asked for again
  std::string_view etag;
};

// What limit_req or limit_conn did with a request: $limit_req_status, $limit_conn_status.
enum class LimitStatus : std::uint8_t {
  none,
  passed,
  delayed,
  rejected,
  delayed_dry_run,
  rejected_dry_run
};
class ErrorLog;

struct Request {
  // The client and what it sent.
  const ClientInfo* client = nullptr;
  // real_ip: who is connected, and who is behind that trusted proxy and is `client` then.
  const ClientInfo* connected = nullptr;
  ClientInfo real_client;
  http::RequestHead head;
  std::string_view host;  // $host: lower case, without port; server name if the client sent none
  std::string_view uri;   // $uri: decoded and normalised; changes with internal redirects
  std::string_view args;  // $args, without '?'
  bool uri_changed =
      false;  // by an internal redirect: proxy_pass then sends `uri`, not the raw one
  // False after `rewrite ... break`: the URI is no longer what the location was chosen by.
  bool location_fits_uri = true;
  // try_files found the URI behind the alias of a regex location.
  bool uri_behind_alias = false;
  std::string_view raw_path;  // path as sent, without query
  std::string_view raw_uri;   // $request_uri: path and query as sent

  // The body, once a handler has read it: kept whole (stored_body.h), or all of it with the head.
  std::shared_ptr<StoredBody> stored_body;
  std::string_view early_body;
  // What came with the head of one that is streamed; only to be shown.
  std::string_view streamed_start;
  // Nobody gets the body any more: it was too large, broken or lost on the way. Whoever answers now
  // sees a request without one.
  bool body_given_up = false;

  // Where it goes.
  const config::Proxy* proxy = nullptr;
  const config::Server* server = nullptr;
  const config::Location* location = nullptr;
  // Of the last expression that matched; [0] is the whole match. Working out a map can match one.
  mutable std::vector<Capture> captures;
  mutable DefinedValues defined;   // values of the configuration's own variables
  bool internal = false;           // reached by an internal redirect
  bool subrequest = false;         // of another request: nothing that only a client may ask for
  std::uint8_t redirects = 0;      // internal redirects so far, at most 10
  std::uint16_t error_status = 0;  // status that an error_page answers, 0: none

  // Times. `started` is the first byte of the head; `ended` is set before logging.
  Instant started{};
  Instant ended{};
  WallTime ended_at{};  // calendar time of the log line

  // Counters.
  std::uint64_t request_length = 0;  // head and body bytes received
  std::uint64_t bytes_sent = 0;      // to the client, head included
  std::uint64_t body_bytes_sent = 0;
  std::uint64_t gzip_in_bytes = 0;  // $gzip_ratio: body before gzip and after; 0: none
  std::uint64_t gzip_out_bytes = 0;
  std::optional<std::uint64_t> limit_rate;  // bytes a second, when `set $limit_rate` said so
  bool completed = false;                   // $request_completion: "OK"
  bool pipelined = false;                   // $pipe: it came before the answer to the one before
  mutable std::optional<std::array<std::uint32_t, 4>> user_id;  // given out by `userid`
  mutable std::array<char, 32> request_id{};  // $request_id, made at its first use

  // Upstream.
  const PassedUrl* passed = nullptr;  // what a proxy_pass with variables gave
  std::vector<UpstreamAttempt> attempts;
  const http::ResponseHead* upstream_head = nullptr;  // of the last attempt that gave one
  std::string upstream_trailers;                      // "Name: value" lines behind its body
  bool passes_trailers = false;                       // they are for the client as well
  mutable std::string added_trailers;  // of `add_trailer`, as they were sent: lines like those
  CacheFacts cache;

  // The answer. response.status is what $status prints (499 when the client went away).
  Response response;
  // WWW-Authenticate lines, which also go with an error page.
  std::vector<std::string_view> challenges;
  LimitStatus limit_req_status = LimitStatus::none;
  LimitStatus limit_conn_status = LimitStatus::none;
  bool header_sent = false;
  bool keep_alive = true;  // the client's connection goes on after this

  mutable Arena arena;  // text made on the way

  // Of the thread; reset() keeps them.
  const VariableSource* definitions = nullptr;
  ErrorLog* error_log = nullptr;

  // Forgets everything but the memory that it holds.
  void reset();
};

}  // namespace baton::proxy
