// Passing on response heads.

#include "proxy/forwarding/upstream_response.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "config/model/headers.h"
#include "config/model/proxy_rules.h"
#include "proxy/response/added_headers.h"
#include "proxy/response/compression.h"
#include "proxy/response/response_lines.h"

namespace baton::proxy {

namespace {

// proxy_redirect. A path that comes out of it is made absolute, like a Location of our own.
void pass_location(Request& request, const LocationPlan& plan, const http::Header& line) {
  Response& response = request.response;
  const auto rewritten = plan.rewriter->redirect(request, line.value);
  if (rewritten && rewritten->starts_with('/') && plan.location->absolute_redirect) {
    response.location = absolute_location(request, *rewritten);
  } else {
    response.headers.push_back({line.name, rewritten.value_or(line.value)});
  }
}

void pass_rewritten(Request& request, const LocationPlan& plan, const http::Header& line) {
  std::optional<std::string_view> value;
  switch (line.id) {
    case http::HeaderId::location:
      return pass_location(request, plan, line);
    case http::HeaderId::refresh:
      value = plan.rewriter->refresh(request, line.value);
      break;
    default:
      if (plan.rewriter->rewrites_cookies()) value = plan.rewriter->cookie(request, line.value);
      break;
  }
  request.response.headers.push_back({line.name, value.value_or(line.value)});
}

bool may_be_rewritten(http::HeaderId id) {
  return id == http::HeaderId::location || id == http::HeaderId::refresh ||
         id == http::HeaderId::set_cookie;
}

// X-Accel-Charset names the charset, if the configuration knows it. Where the body is known to be
// in another one and cannot be recoded, the type stays as it is.
void override_charset(Exchange& exchange, std::string_view charset) {
  Request& request = exchange.request;
  Response& response = request.response;
  if (charset.empty() || response.content_type.empty()) return;
  if (response.status == 301 || response.status == 302) return;
  const auto same = [charset](std::string_view name) {
    return equals_ignoring_case(name, charset);
  };
  ErrorLog& log = exchange.services.error_log;
  if (!std::ranges::any_of(exchange.services.config.charsets, same)) {
    return log.write(LogLevel::error, request,
                     fmt::format("unknown charset \"{}\" to override", charset));
  }
  const std::string_view source = source_charset_of(request);
  const config::HeaderSettings* settings = request.location->headers.get();
  const bool recoded = settings && find_recoding(settings->charset_maps, source, charset) &&
                       line_value(response, "Content-Encoding").empty();
  if (!source.empty() && !same(source) && !recoded) {
    return log.write(
        LogLevel::error, request,
        fmt::format("no \"charset_map\" between the charsets \"{}\" and \"{}\"", source, charset));
  }
  const std::string_view type = type_without_charset(response.content_type);
  response.content_type = request.arena.join({type, "; charset=", charset});
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
    const bool upgrades = head.status == 101 && line.id == http::HeaderId::upgrade;
    if ((line.hop_by_hop && !upgrades) || plan.hidden.contains(line.id, line.name)) continue;
    if (plan.rewriter && may_be_rewritten(line.id)) {
      pass_rewritten(request, plan, line);
    } else {
      response.headers.push_back({line.name, line.value});
    }
  }
  const std::string_view charset = head.headers.value(http::HeaderId::x_accel_charset);
  const auto& rules = plan.location->proxy->rules;
  if (!charset.empty() && !(rules && rules->ignores(config::ignore_accel_charset))) {
    override_charset(exchange, charset);
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
