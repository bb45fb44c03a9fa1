// One switch over all variables; families with a name or a list behind them live in
// header_variables.cc and upstream_variables.cc.

#include "proxy/variables/variables.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>

#include "base/number_text.h"
#include "base/text.h"
#include "base/version.h"
#include "proxy/client/body_storage.h"
#include "proxy/client/connection_counts.h"
#include "proxy/forwarding/fastcgi_script.h"
#include "proxy/forwarding/passed_url.h"
#include "proxy/logs/error_log.h"
#include "proxy/logs/log_time.h"
#include "proxy/variables/header_variables.h"
#include "proxy/variables/upstream_variables.h"
#include "runtime/loop.h"

namespace baton::proxy {

namespace {

using config::LogFormat;
using config::TextPart;
using config::Variable;

bool append_number(std::string& into, std::uint64_t number) {
  append_decimal(into, number);
  return true;
}

bool append_if_any(std::string& into, std::string_view value) {
  into += value;
  return !value.empty();
}

bool always(std::string& into, std::string_view value) {
  into += value;
  return true;
}

Instant now_or_end(const Request& request) {
  return request.ended == Instant{} ? runtime::monotonic_now() : request.ended;
}

WallTime wall_now_or_end(const Request& request) {
  return request.ended_at == WallTime{} ? runtime::wall_now() : request.ended_at;
}

const std::string& host_name() {
  static const std::string name = [] {
    char text[256] = {};
    ::gethostname(text, sizeof(text) - 1);
    return lowered(text);
  }();
  return name;
}

// Made at first use, so that the header and the log line of one request agree.
bool append_request_id(std::string& into, const Request& request) {
  auto& id = request.request_id;
  if (id[0] == '\0') {
    unsigned char bytes[16] = {};
    if (::RAND_bytes(bytes, sizeof(bytes)) != 1) return false;
    static constexpr char digits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < sizeof(bytes); ++i) {
      id[2 * i] = digits[bytes[i] >> 4];
      id[2 * i + 1] = digits[bytes[i] & 0xf];
    }
  }
  into.append(id.data(), id.size());
  return true;
}

bool append_forwarded_for(std::string& into, const Request& request) {
  static constexpr auto id = static_cast<std::uint16_t>(http::HeaderId::x_forwarded_for);
  if (append_header(into, request.head.headers, "x_forwarded_for", id)) into += ", ";
  into += request.client->client_text;
  return true;
}

bool append_capture(std::string& into, const TextPart& part, const Request& request) {
  const auto& captures = request.captures;
  return part.index < captures.size() && append_if_any(into, captures[part.index].text);
}

bool append_defined(std::string& into, const TextPart& part, const Request& request) {
  const DefinedValues::Value value = request.defined.find(part.index);
  if (value.state == DefinedValues::State::known) return always(into, value.text);
  return request.definitions && request.definitions->append(into, part.index, request);
}

bool append_real_root(std::string& into, const Request& request) {
  std::string root;
  append_document_root(root, request);
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(root.c_str(), nullptr),
                                                         &std::free);
  if (!real) return false;
  into += real.get();
  return true;
}

bool append_status(std::string& into, const Request& request) {
  const unsigned status = request.response.status;
  const char digits[3] = {static_cast<char>('0' + status / 100 % 10),
                          static_cast<char>('0' + status / 10 % 10),
                          static_cast<char>('0' + status % 10)};
  into.append(digits, sizeof(digits));
  return true;
}

bool append_milliseconds(std::string& into, const Request& request) {
  append_seconds(into, wall_now_or_end(request).time_since_epoch());
  return true;
}

bool append_duration(std::string& into, Duration duration) {
  append_seconds(into, duration);
  return true;
}

// As the client told it, unless the body came to nothing; of a chunked one once all of it is here.
bool append_content_length(std::string& into, const Request& request) {
  if (request.body_given_up) return false;
  if (const auto told = request.head.headers.value(http::HeaderId::content_length);
      !told.empty() || !request.stored_body) {
    return append_if_any(into, told);
  }
  return append_number(into, request.stored_body->size);
}

// $gzip_ratio: how many times smaller, with two decimals, rounded.
bool append_gzip_ratio(std::string& into, const Request& request) {
  const std::uint64_t in = request.gzip_in_bytes;
  const std::uint64_t out = request.gzip_out_bytes;
  if (out == 0) return false;
  const std::uint64_t hundredths = (in * 1000 / out + 5) / 10;
  fmt::format_to(std::back_inserter(into), "{}.{:02}", hundredths / 100, hundredths % 100);
  return true;
}

bool append_address_bytes(std::string& into, const Request& request) {
  if (!request.client->unix_path.empty()) return always(into, "unix:");
  for (const std::uint8_t byte : request.client->client.address.bytes()) {
    into += static_cast<char>(byte);
  }
  return true;
}

// What a balancer in front has told of the connection; missing when none has.
bool append_proxy_header(std::string& into, Variable variable, const net::ProxyHeader* header) {
  if (!header || !header->source) return false;
  const bool of_server = variable == Variable::proxy_protocol_server_addr ||
                         variable == Variable::proxy_protocol_server_port;
  const net::Endpoint& end = of_server ? header->destination : *header->source;
  if (variable == Variable::proxy_protocol_addr ||
      variable == Variable::proxy_protocol_server_addr) {
    return always(into, end.address.text());
  }
  return append_number(into, end.port);
}

bool append_proxy_field(std::string& into, std::string_view name, const net::ProxyHeader* header) {
  const auto value = header ? net::proxy_field_named(header->fields, name) : std::nullopt;
  return value && always(into, *value);
}

// Only what is in memory.
bool append_request_body(std::string& into, const Request& request) {
  const StoredBody* stored = request.stored_body.get();
  if (stored) return append_if_any(into, stored->memory);
  return append_if_any(into,
                       request.early_body.empty() ? request.streamed_start : request.early_body);
}

bool append_limit_status(std::string& into, LimitStatus status) {
  constexpr std::array<std::string_view, 6> names = {
      "", "PASSED", "DELAYED", "REJECTED", "DELAYED_DRY_RUN", "REJECTED_DRY_RUN"};
  return append_if_any(into, names[static_cast<std::size_t>(status)]);
}

// What all threads count, and what the limits did.
bool append_count(std::string& into, Variable variable, const Request& request) {
  if (variable == Variable::limit_req_status) {
    return append_limit_status(into, request.limit_req_status);
  }
  if (variable == Variable::limit_conn_status) {
    return append_limit_status(into, request.limit_conn_status);
  }
  if (!request.client->connections) return false;
  const ConnectionCounts counts = request.client->connections->counts();
  return append_number(into, variable == Variable::connections_active    ? counts.active
                             : variable == Variable::connections_reading ? counts.reading
                             : variable == Variable::connections_writing ? counts.writing()
                                                                         : counts.waiting);
}

// A trusted proxy need not know the port.
bool append_port(std::string& into, const ClientInfo& client) {
  return client.client.port == 0 || append_number(into, client.client.port);
}

// What is known of the connection.
bool append_connection_variable(std::string& into, Variable variable, const Request& request) {
  const ClientInfo& client = *request.client;
  switch (variable) {
    case Variable::remote_addr:
      return always(into, client.client_text);
    case Variable::realip_remote_addr:
      return always(into, (request.connected ? request.connected : &client)->client_text);
    case Variable::remote_port:
      return append_port(into, client);
    case Variable::realip_remote_port:
      return append_port(into, request.connected ? *request.connected : client);
    case Variable::proxy_protocol_addr:
    case Variable::proxy_protocol_port:
    case Variable::proxy_protocol_server_addr:
    case Variable::proxy_protocol_server_port:
      return append_proxy_header(into, variable, client.proxy_header);
    case Variable::binary_remote_addr:
      return append_address_bytes(into, request);
    case Variable::server_addr:
      if (!client.unix_path.empty()) return always(into, "unix:") && always(into, client.unix_path);
      return always(into, client.local.address.text());
    case Variable::server_port:
      return client.unix_path.empty() && append_number(into, client.local.port);
    case Variable::connection:
      return append_number(into, client.number);
    case Variable::gzip_ratio:
      return append_gzip_ratio(into, request);
    case Variable::connection_requests:
      return append_number(into, client.requests);
    case Variable::connection_time:
      return append_duration(into, now_or_end(request) - client.connected);
    case Variable::connections_active:
    case Variable::connections_reading:
    case Variable::connections_writing:
    case Variable::connections_waiting:
      return append_count(into, variable, request);
    case Variable::fastcgi_script_name:
      append_fastcgi_script_name(into, request);
      return true;
    case Variable::fastcgi_path_info:
      append_fastcgi_path_info(into, request);
      return true;
    case Variable::limit_req_status:
    case Variable::limit_conn_status:
      return append_count(into, variable, request);
    default:
      return append_upstream_variable(into, variable, request) ||
             (request.definitions && request.definitions->append_module(into, variable, request));
  }
}

// What has come of the request until now; exact once it is logged.
std::uint64_t length_so_far(const Request& request) {
  if (request.request_length > 0) return request.request_length;
  return request.head.bytes +
         (request.stored_body ? request.stored_body->size : request.early_body.size());
}

// What is known of the response, the moment and the machine.
bool append_outcome_variable(std::string& into, Variable variable, const Request& request) {
  switch (variable) {
    case Variable::status:
      return append_status(into, request);
    case Variable::bytes_sent:
      return append_number(into, request.bytes_sent);
    case Variable::body_bytes_sent:
      return append_number(into, request.body_bytes_sent);
    case Variable::request_time:
      return append_duration(into, now_or_end(request) - request.started);
    case Variable::request_length:
      return append_number(into, length_so_far(request));
    case Variable::request_body:
      return append_request_body(into, request);
    case Variable::request_body_file:
      return request.stored_body && append_if_any(into, request.stored_body->file.path);
    case Variable::request_completion:
      return always(into, request.completed ? "OK" : "");
    case Variable::request_id:
      return append_request_id(into, request);
    case Variable::time_local:
      return always(into, log_time(wall_now_or_end(request)).common);
    case Variable::time_iso8601:
      return always(into, log_time(wall_now_or_end(request)).iso8601);
    case Variable::msec:
      return append_milliseconds(into, request);
    case Variable::pid:
      return append_number(into, static_cast<std::uint64_t>(::getpid()));
    case Variable::pipe:
      return always(into, request.pipelined ? "p" : ".");
    case Variable::hostname:
      return always(into, host_name());
    case Variable::nginx_version:
      return always(into, nginx_version);
    case Variable::limit_rate:
      return append_number(into, request.limit_rate.value_or(0));
    case Variable::document_root:
      append_document_root(into, request);
      return true;
    case Variable::request_filename:
      append_request_filename(into, request);
      return true;
    case Variable::realpath_root:
      return append_real_root(into, request);
    default:
      return append_connection_variable(into, variable, request);
  }
}

bool append_named_variable(std::string& into, const TextPart& part, const Request& request) {
  const http::HeaderTable& sent = request.head.headers;
  const http::ResponseHead* upstream = request.upstream_head;
  switch (part.variable) {
    case Variable::capture:
      return append_capture(into, part, request);
    case Variable::defined:
      return append_defined(into, part, request);
    case Variable::arg_name:
      return append_argument(into, request.args, part.text);
    case Variable::cookie_name:
      return append_cookie(into, sent, part.text);
    case Variable::http_name:
      return append_header(into, sent, part.text, part.index);
    case Variable::sent_http_name:
      return append_sent_header(into, request, part.text);
    case Variable::upstream_http_name:
      return upstream && append_header(into, upstream->headers, part.text, part.index);
    case Variable::upstream_trailer_name:
      return append_trailer(into, request.upstream_trailers, part.text);
    case Variable::sent_trailer_name:
      if (append_trailer(into, request.added_trailers, part.text)) return true;
      return request.passes_trailers && append_trailer(into, request.upstream_trailers, part.text);
    case Variable::upstream_cookie_name:
      return upstream && append_set_cookie(into, upstream->headers, part.text);
    default:
      return append_outcome_variable(into, part.variable, request);
  }
}

constexpr bool is_plain(char c, bool json) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && c != '"' && c != '\\' && (json || byte < 0x7f);
}

// Eight bytes at a time: a byte of `word` below `limit`, or equal to `byte`, sets its top bit.
constexpr std::uint64_t each_byte(std::uint8_t byte) {
  return 0x0101010101010101ULL * byte;
}
constexpr std::uint64_t bytes_below(std::uint64_t word, std::uint8_t limit) {
  return (word - each_byte(limit)) & ~word & each_byte(0x80);
}
constexpr std::uint64_t bytes_equal(std::uint64_t word, std::uint8_t byte) {
  return bytes_below(word ^ each_byte(byte), 1);
}

bool is_plain_word(const char* at, bool json) {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof(word));
  std::uint64_t special =
      bytes_below(word, 0x20) | bytes_equal(word, '"') | bytes_equal(word, '\\');
  if (!json) special |= (word & each_byte(0x80)) | bytes_equal(word, 0x7f);
  return special == 0;
}

bool all_plain(std::string_view text, bool json) {
  constexpr std::size_t word_bytes = sizeof(std::uint64_t);
  if (text.size() < word_bytes) {
    return std::ranges::all_of(text, [&](char c) { return is_plain(c, json); });
  }
  const char* const last = text.data() + text.size() - word_bytes;
  for (const char* at = text.data(); at < last; at += word_bytes) {
    if (!is_plain_word(at, json)) return false;
  }
  return is_plain_word(last, json);  // may overlap the one before
}

// Digits and times need no look for bytes that would have to be escaped.
bool can_need_escape(Variable variable) {
  switch (variable) {
    case Variable::status:
    case Variable::bytes_sent:
    case Variable::body_bytes_sent:
    case Variable::request_time:
    case Variable::request_length:
    case Variable::time_local:
    case Variable::time_iso8601:
    case Variable::msec:
    case Variable::remote_addr:
    case Variable::connection:
    case Variable::connection_requests:
      return false;
    default:
      return true;
  }
}

}  // namespace

bool append_variable(std::string& into, const TextPart& part, const Request& request) {
  const config::ProxyPass* proxy = request.location ? request.location->proxy.get() : nullptr;
  switch (part.variable) {
    case Variable::literal:
      return always(into, part.text);
    case Variable::args:
    case Variable::query_string:
      return append_if_any(into, request.args);
    case Variable::is_args:
      return always(into, request.args.empty() ? "" : "?");
    case Variable::uri:
    case Variable::document_uri:
      return append_if_any(into, request.uri);
    case Variable::request_uri:
      return append_if_any(into, request.raw_uri);
    case Variable::request:
      return append_if_any(into, request.head.line);
    case Variable::request_method:
      return append_if_any(into, request.head.method_name);
    case Variable::server_protocol:
      if (request.head.line.empty()) return false;
      return always(into, request.head.version_minor == 0 ? "HTTP/1.0" : "HTTP/1.1");
    case Variable::proxy_protocol_tlv_name:
      return append_proxy_field(into, part.text, request.client->proxy_header);
    case Variable::scheme:
      return always(into, "http");
    case Variable::host:
      return append_if_any(into, request.host);
    case Variable::server_name:
      return always(into, request.server ? std::string_view(request.server->primary_name) : "");
    case Variable::proxy_host:
      if (request.passed) return always(into, request.passed->host_header);
      return proxy && !proxy->url && always(into, proxy->host_header);
    case Variable::proxy_port:
      if (request.passed) return always(into, request.passed->port);
      return proxy && !proxy->url && append_number(into, proxy->port);
    case Variable::upstream_cache_status:
      return append_if_any(into, request.cache.status);
    case Variable::upstream_cache_key:
      return append_if_any(into, request.cache.key);
    case Variable::upstream_cache_last_modified:
      return append_if_any(into, request.cache.last_modified);
    case Variable::upstream_cache_etag:
      return append_if_any(into, request.cache.etag);
    case Variable::proxy_add_x_forwarded_for:
      return append_forwarded_for(into, request);
    case Variable::remote_user:
      return append_remote_user(into, request.head.headers);
    case Variable::content_length:
      return append_content_length(into, request);
    case Variable::content_type:
      return append_header(into, request.head.headers, {},
                           static_cast<std::uint16_t>(http::HeaderId::content_type));
    default:
      return append_named_variable(into, part, request);
  }
}

void append_text(std::string& into, const config::TemplateText& text, const Request& request) {
  for (const TextPart& part : text.parts) {
    if (part.variable == Variable::literal) {
      into += part.text;
    } else {
      append_variable(into, part, request);
    }
  }
}

void append_log_text(std::string& into, const LogFormat& format, const Request& request) {
  for (const TextPart& part : format.text.parts) {
    if (part.variable == Variable::literal) {
      into += part.text;
      continue;
    }
    const std::size_t start = into.size();
    const bool found = append_variable(into, part, request);
    if (!found) {
      if (format.escape == LogFormat::Escape::standard) into += '-';
    } else if (can_need_escape(part.variable)) {
      escape_log_text(into, start, format.escape);
    }
  }
}

void append_document_root(std::string& into, const Request& request) {
  const config::Location& location = *request.location;
  const std::size_t start = into.size();
  append_text(into, location.alias ? *location.alias : location.root, request);
  // Literal paths are absolute already; one made of variables starts at the prefix.
  if (into.size() == start || into[start] != '/') into.insert(start, request.proxy->prefix + "/");
  if (!location.alias && into.size() > start && into.back() == '/') into.pop_back();
}

void append_request_filename(std::string& into, const Request& request) {
  const config::Location& location = *request.location;
  append_document_root(into, request);
  if (!location.alias) {
    into += request.uri;
    return;
  }
  using Match = config::Location::Match;
  const bool is_regex = location.match == Match::regex || location.match == Match::regex_no_case;
  // The alias of a regular expression is the whole path, made of its captures.
  if (is_regex && !location.alias_prefix_bytes) {
    if (request.uri_behind_alias) into += request.uri;
    return;
  }
  // Behind the prefix, which may be that of a location around this one; try_files may ask for what
  // is not below it.
  const std::string_view uri = request.uri;
  const std::string_view prefix =
      std::string_view(location.pattern)
          .substr(0, location.alias_prefix_bytes.value_or(std::string_view::npos));
  if (is_regex) {
    into += uri.substr(std::min(*location.alias_prefix_bytes, uri.size()));
  } else {
    into += uri.starts_with(prefix) ? uri.substr(prefix.size()) : uri;
  }
}

bool alias_fits(const Request& request) {
  const config::Location& location = *request.location;
  if (!location.alias || request.location_fits_uri) return true;
  if (request.error_log != nullptr) {
    request.error_log->write(
        LogLevel::alert, request,
        fmt::format("\"alias\" cannot be used in location \"{}\" where URI was rewritten",
                    location.pattern));
  }
  return false;
}

void escape_log_text(std::string& text, std::size_t start, LogFormat::Escape escape) {
  const bool json = escape == LogFormat::Escape::json;
  if (escape == LogFormat::Escape::none) return;
  if (all_plain({text.data() + start, text.size() - start}, json)) return;
  const std::string raw = text.substr(start);
  text.resize(start);
  static constexpr std::string_view named = "\b\t\n\f\r\"\\";
  static constexpr std::string_view names = "btnfr\"\\";
  for (const char c : raw) {
    if (is_plain(c, json)) {
      text += c;
    } else if (!json) {
      fmt::format_to(std::back_inserter(text), "\\x{:02X}", static_cast<unsigned char>(c));
    } else if (const std::size_t found = named.find(c); found != std::string_view::npos) {
      text += '\\';
      text += names[found];
    } else {
      fmt::format_to(std::back_inserter(text), "\\u00{:02X}", static_cast<unsigned char>(c));
    }
  }
}

}  // namespace baton::proxy
