// The head of a response to the client.

#include "proxy/response/response_head.h"

#include <fmt/format.h>

#include "base/number_text.h"
#include "base/version.h"
#include "config/model/compression.h"
#include "config/model/connection.h"
#include "http/header_line.h"
#include "http/scan.h"
#include "http/status.h"
#include "proxy/access/user_id.h"
#include "proxy/client/user_agent.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

void append_status_line(std::string& into, const Response& response) {
  const std::uint16_t status = http::status_to_send(response.status);
  into.append("HTTP/1.1 ");
  const std::string_view usual = http::status_line_text(status);
  if (!response.reason.empty() || usual.empty()) {
    append_decimal(into, status);
    into.append(" ").append(response.reason);
  } else {
    into.append(usual);
  }
  into.append("\r\n");
}

void append_connection(std::string& into, const Request& request) {
  if (request.response.status == 101) {
    into.append("Connection: upgrade\r\n");
  } else if (request.keep_alive) {
    into.append("Connection: keep-alive\r\n");
    if (const auto& timeout = request.location->keepalive_header) {
      into.append("Keep-Alive: timeout=");
      append_decimal(into, static_cast<std::uint64_t>(to_ms(*timeout) / 1000));
      into.append("\r\n");
    }
  } else {
    into.append("Connection: close\r\n");
  }
}

// keepalive_time and keepalive_disable.
bool connection_allows(const Exchange& exchange) {
  static const config::ConnectionSettings usual;
  const Request& request = exchange.request;
  const config::Location& location = *request.location;
  const auto& settings = location.connection ? *location.connection : usual;
  if (exchange.now() - exchange.client->connected > settings.keepalive_time) return false;
  const bool asks_msie6 =
      !settings.keepalive_for_msie6 && request.head.method == http::Method::post;
  if (!asks_msie6 && settings.keepalive_for_safari) return true;
  const std::string_view agent = request.head.headers.value(http::HeaderId::user_agent);
  if (asks_msie6 && is_msie6(agent)) return false;
  return settings.keepalive_for_safari || !is_safari(agent);
}

}  // namespace

std::string_view server_token(const config::Location& location) {
  static const std::string full = fmt::format("nginx/{}", nginx_version);
  return location.server_tokens ? std::string_view(full) : "nginx";
}

void append_header_value(std::string& into, const config::TemplateText& text,
                         const Request& request) {
  if (text.is_literal()) {
    into.append(text.literal());
    return;
  }
  const std::size_t start = into.size();
  append_text(into, text, request);
  char* const end = into.data() + into.size();
  // What would end the line; other control characters pass, as in nginx.
  for (const char* at = into.data() + start; (at = http::find_control(at, end)) != end; ++at) {
    if (*at == '\r' || *at == '\n' || *at == '\0') *const_cast<char*>(at) = ' ';
  }
}

bool is_bodyless(const Request& request) {
  const std::uint16_t status = request.response.status;
  return request.head.method == http::Method::head || status == 204 || status == 304 ||
         status < 200;
}

bool may_keep_alive(const Exchange& exchange) {
  const Request& request = exchange.request;
  const config::Location& location = *request.location;
  // A client that was never told to go on may or may not send its body: nobody can tell where the
  // next request would begin.
  const bool body_in_doubt = request.head.expects_continue && !exchange.continue_sent &&
                             !exchange.body.finished() && !exchange.body.has_early();
  return request.head.keep_alive && request.keep_alive && !body_in_doubt &&
         location.keepalive_timeout > 0s &&
         exchange.client->requests < location.keepalive_requests &&
         exchange.services.ending != Ending::close && connection_allows(exchange);
}

void choose_framing(Exchange& exchange, const http::Framing& framing) {
  Request& request = exchange.request;
  Response& response = request.response;
  exchange.chunked = false;
  request.keep_alive = may_keep_alive(exchange);
  switch (framing.kind) {
    case http::BodyKind::none:
    case http::BodyKind::length:
      response.content_length = framing.content_length;
      break;
    case http::BodyKind::chunked:
    case http::BodyKind::until_close:
      response.content_length.reset();
      if (is_bodyless(request)) break;
      if (request.head.version_minor >= 1 && request.location->chunked_transfer_encoding) {
        exchange.chunked = true;
      } else {
        request.keep_alive = false;
      }
      break;
  }
}

void write_response_head(Exchange& exchange) {
  Request& request = exchange.request;
  if (request.location->user_id) add_user_id(request);
  // The last line, wherever it was decided.
  if (!request.response.range_line.name.empty()) {
    request.response.headers.push_back(request.response.range_line);
  }
  const Response& response = request.response;
  std::string& text = exchange.head_text;
  text.clear();
  append_status_line(text, response);
  const LocationPlan& plan = exchange.services.router.plan(request);
  const bool proxied = request.upstream_head != nullptr;
  if (!proxied || !plan.passes_server)
    http::append_header_line(text, "Server", server_token(*request.location));
  if (!proxied || !plan.passes_date) {
    http::append_header_line(text, "Date", exchange.services.date.text(exchange.loop().wall_now()));
  }
  if (!response.content_type.empty())
    http::append_header_line(text, "Content-Type", response.content_type);
  if (response.content_length && response.status != 204 && response.status >= 200) {
    text.append("Content-Length: ");
    append_decimal(text, *response.content_length);
    text.append("\r\n");
  }
  if (!response.last_modified.empty())
    http::append_header_line(text, "Last-Modified", response.last_modified);
  if (!response.location.empty()) http::append_header_line(text, "Location", response.location);
  if (exchange.chunked) text.append("Transfer-Encoding: chunked\r\n");
  append_connection(text, request);
  if (response.depends_on_gzip && request.location->compression->vary) {
    text.append("Vary: Accept-Encoding\r\n");
  }
  for (const std::string_view challenge : request.challenges) {
    http::append_header_line(text, "WWW-Authenticate", challenge);
  }
  for (const ResponseHeader& header : response.headers) {
    http::append_header_line(text, header.name, header.value);
  }
  text.append("\r\n");
}

void add_response_header(Request& request, std::string_view name, std::string_view value) {
  request.response.headers.push_back({name, value});
}

}  // namespace baton::proxy
