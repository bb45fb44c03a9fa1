// error_page and the built-in pages.

#include "proxy/response/error_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "config/model/connection.h"
#include "http/status.h"
#include "http/uri.h"
#include "proxy/client/stored_body.h"
#include "proxy/client/user_agent.h"
#include "proxy/response/response_head.h"
#include "proxy/routing/route.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

bool is_redirect(std::uint16_t status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// nginx gives up the connection after these: what the client sends next cannot be trusted, or is
// not wanted.
bool ends_connection(std::uint16_t status) {
  return status == 400 || status == 413 || status == 414 || status == 500 || status == 501 ||
         (status >= 494 && status <= 497);
}

// msie_padding: those browsers show a page of their own in place of a short one.
std::string_view padding_for(const Request& request, std::uint16_t status) {
  constexpr std::string_view line =
      "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n";
  static const std::string padding = fmt::format("{0}{0}{0}{0}{0}{0}", line);
  if (status < 400) return {};
  const config::ConnectionSettings* settings = request.location->connection.get();
  if (settings && !settings->msie_padding) return {};
  const http::Header* agent = request.head.headers.find(http::HeaderId::user_agent);
  return agent && (is_msie(agent->value) || is_chrome(agent->value)) ? padding : std::string_view{};
}

const config::ErrorPage* find_page(const config::Location& location, std::uint16_t status) {
  for (const config::ErrorPage& page : location.error_pages) {
    if (std::ranges::find(page.codes, status) != page.codes.end()) return &page;
  }
  return nullptr;
}

// From here on the request is a GET for the page (a HEAD stays one). What of the body was streamed
// to a server that failed is gone, and its rest is worth nothing.
void become_get(Exchange& exchange) {
  Request& request = exchange.request;
  if (exchange.body.streams() && !request.stored_body) give_up_body(exchange);
  if (request.head.method == http::Method::head) return;
  request.head.method = http::Method::get;
  request.head.method_name = "GET";
}

Verdict use_page(Exchange& exchange, const config::ErrorPage& page, std::uint16_t status) {
  Request& request = exchange.request;
  std::string text;
  append_text(text, page.target, request);
  const std::string_view target = request.arena.store(text);
  // The status that goes out: kept, taken from the page (0), or replaced.
  request.error_status =
      page.answer_code < 0 ? status : static_cast<std::uint16_t>(page.answer_code);
  if (target.starts_with('@')) return Verdict::redirect(target);
  if (target.starts_with('/')) {
    become_get(exchange);
    const http::SplitTarget split = http::split_target(target);
    return Verdict::redirect(split.path, split.query);
  }
  const std::uint16_t code = is_redirect(request.error_status) ? request.error_status : 302;
  request.error_status = 0;
  request.response.reset();
  request.response.location = target;
  use_builtin_page(exchange, code);
  return Verdict::respond();
}

}  // namespace

Verdict answer_error(Exchange& exchange, std::uint16_t status) {
  Request& request = exchange.request;
  if (request.body_given_up) give_up_body(exchange);
  // To a client that was too slow, or is gone, nothing is said; `return 408` means the same.
  if (status == 444 || status == 408 || status == 499) {
    request.response.status = status;
    request.keep_alive = false;
    exchange.silent = true;
    return Verdict::respond();
  }
  if (ends_connection(status)) request.keep_alive = false;
  if (!exchange.error_page_used && request.redirects <= uri_changes_max) {
    if (const config::ErrorPage* page = find_page(*request.location, status)) {
      // One error page per request, unless they may follow each other (and end with the count of
      // internal redirects).
      exchange.error_page_used = !request.location->recursive_error_pages;
      request.response.headers.clear();
      request.response.content_type = {};
      return use_page(exchange, *page, status);
    }
  }
  use_builtin_page(exchange, status);
  return Verdict::respond();
}

bool has_error_page(const Exchange& exchange, std::uint16_t status) {
  return !exchange.error_page_used && find_page(*exchange.request.location, status) != nullptr;
}

void use_builtin_page(Exchange& exchange, std::uint16_t status) {
  Request& request = exchange.request;
  std::string_view location;
  if (is_redirect(status)) location = request.response.location;
  if (ends_connection(status)) request.keep_alive = false;
  // Lines that belong to the status (Content-Range of a 416) stay; an upstream's do not.
  std::vector<ResponseHeader> headers;
  if (!request.upstream_head) headers.swap(request.response.headers);
  request.response.reset();
  request.response.headers.swap(headers);
  request.upstream_head = nullptr;
  request.response.status = http::status_to_send(status);
  if (location.starts_with('/') && request.location->absolute_redirect) {
    request.response.location = absolute_location(request, location);
  } else if (!location.empty()) {
    request.response.headers.insert(request.response.headers.begin(), {"Location", location});
  }
  const std::string_view title = http::error_page_title(status);
  if (title.empty()) {
    // A status of the configuration's own invention, or one without a body.
    request.response.content_length = 0;
    return;
  }
  request.response.content_type = "text/html";
  // What is nginx's own way of saying 400 has its reason below the heading.
  const bool has_reason = status >= 494 && status <= 497;
  const std::string_view shown = has_reason ? "400 Bad Request" : title;
  const std::string_view reason = has_reason ? title.substr(4) : std::string_view();
  request.response.text = request.arena.join(
      {"<html>\r\n<head><title>", title, "</title></head>\r\n<body>\r\n<center><h1>", shown,
       "</h1></center>\r\n", has_reason ? "<center>" : "", reason,
       has_reason ? "</center>\r\n" : "", "<hr><center>", server_token(*request.location),
       "</center>\r\n</body>\r\n</html>\r\n", padding_for(request, status)});
}

}  // namespace baton::proxy
