// Parameters of a FastCGI request.

#include "proxy/forwarding/fastcgi_request.h"

#include <algorithm>
#include <vector>

#include "base/text.h"
#include "config/model/fastcgi.h"
#include "fastcgi/records.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

// "User-Agent" as "HTTP_USER_AGENT".
std::string param_name(std::string_view header) {
  std::string name = "HTTP_";
  for (const char c : header) {
    name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

void append_configured(std::string& content, const Request& request) {
  std::string value;
  for (const config::FastcgiParam& param : request.location->fastcgi->params) {
    value.clear();
    append_text(value, param.value, request);
    if (value.empty() && param.if_not_empty) continue;
    fastcgi::append_pair(content, param.name, value);
  }
}

// The client's lines, several of one name joined, without those that the configuration gives.
void append_header_lines(std::string& content, const Request& request) {
  const auto& params = request.location->fastcgi->params;
  std::vector<std::pair<std::string, std::string>> lines;
  for (const http::Header& line : request.head.headers) {
    std::string name = param_name(line.name);
    const bool given = std::ranges::any_of(
        params, [&name](const config::FastcgiParam& param) { return param.name == name; });
    if (given) continue;
    const auto earlier = std::ranges::find(
        lines, name, [](const auto& each) -> const std::string& { return each.first; });
    if (earlier == lines.end()) {
      lines.emplace_back(std::move(name), line.value);
    } else {
      earlier->second.append(name == "HTTP_COOKIE" ? "; " : ", ").append(line.value);
    }
  }
  for (const auto& [name, value] : lines) fastcgi::append_pair(content, name, value);
}

}  // namespace

void write_fastcgi_request(Exchange& exchange) {
  const Request& request = exchange.request;
  const config::FastcgiSettings& settings = *request.location->fastcgi;
  std::string content;
  append_configured(content, request);
  if (settings.common.pass_request_headers) append_header_lines(content, request);
  std::string& text = exchange.upstream_request;
  text.clear();
  fastcgi::append_begin(text, settings.keep_connection);
  fastcgi::append_stream(text, fastcgi::Type::params, content, true);
}

std::string fastcgi_url(std::string_view server) {
  std::string url = "fastcgi://";
  url.append(server);
  if (server.starts_with("unix:")) url.append(":");
  return url;
}

}  // namespace baton::proxy
