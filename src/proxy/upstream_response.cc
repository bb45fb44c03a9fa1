// Passing on response heads.

#include "proxy/upstream_response.h"

namespace baton::proxy {

namespace {

// proxy_redirect: the first rule whose FROM begins the Location wins.
std::string_view rewrite_location(Request& request, const LocationPlan& plan,
                                  std::string_view location) {
  for (const LocationRewrite& rewrite : plan.rewrites) {
    if (location.starts_with(rewrite.from)) {
      return request.arena.join({rewrite.to, location.substr(rewrite.from.size())});
    }
  }
  return location;
}

}  // namespace

void take_upstream_head(Exchange& exchange, const LocationPlan& plan) {
  Request& request = exchange.request;
  const http::ResponseHead& head = exchange.upstream_head;
  Response& response = request.response;
  response.reset();
  request.upstream_head = &head;
  response.status = request.error_status != 0 ? request.error_status : head.status;
  if (response.status == head.status) response.reason = head.reason;
  response.content_type = head.headers.value(http::HeaderId::content_type);
  for (const http::Header& line : head.headers) {
    if (line.hop_by_hop || plan.hidden.contains(line.id, line.name)) continue;
    std::string_view value = line.value;
    if (line.id == http::HeaderId::location) value = rewrite_location(request, plan, value);
    response.headers.push_back({line.name, value});
  }
  // The server's own words where the configuration passes them.
  if (plan.passes_server && head.headers.has(http::HeaderId::server)) {
    response.headers.push_back({"Server", head.headers.value(http::HeaderId::server)});
  }
  if (plan.passes_date && head.headers.has(http::HeaderId::date)) {
    response.headers.push_back({"Date", head.headers.value(http::HeaderId::date)});
  }
}

std::uint32_t next_upstream_condition(std::uint16_t status) {
  switch (status) {
    case 500:
      return config::next_on_http_500;
    case 502:
      return config::next_on_http_502;
    case 503:
      return config::next_on_http_503;
    case 504:
      return config::next_on_http_504;
    case 403:
      return config::next_on_http_403;
    case 404:
      return config::next_on_http_404;
    case 429:
      return config::next_on_http_429;
    default:
      return 0;
  }
}

}  // namespace baton::proxy
