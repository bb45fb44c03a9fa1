// Each judge has one of these opinions: none, allowed, or a status. 403 and 401 are opinions that
// `satisfy any` lets another judge overrule; other statuses end the request at once.

#include "proxy/access/access.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "config/model/access.h"
#include "config/nginx/value.h"
#include "http/basic_credentials.h"
#include "proxy/access/password_checker.h"
#include "proxy/client/client_pause.h"
#include "proxy/filters/subrequest.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using config::AccessRule;
using config::AccessSettings;

using Opinion = std::uint16_t;  // a status, or:
constexpr Opinion no_opinion = 0;
constexpr Opinion allowed = 200;

// An IPv4 address that came as ::ffff:a.b.c.d.
net::IpAddress unmapped(const net::IpAddress& address) {
  constexpr std::array<std::uint8_t, 12> prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  const auto bytes = address.bytes();
  if (address.is_ipv4() || !std::equal(prefix.begin(), prefix.end(), bytes.begin())) return address;
  return net::IpAddress::ipv4(bytes[12], bytes[13], bytes[14], bytes[15]);
}

Opinion judge_address(Exchange& exchange, const AccessSettings& settings) {
  // Unless its real address was learned from somewhere.
  const bool by_unix = exchange.request.client->client_text == "unix:";
  const net::IpAddress address = unmapped(exchange.request.client->client.address);
  for (const AccessRule& rule : settings.rules) {
    const bool fits =
        rule.who == AccessRule::Who::everybody ||
        (rule.who == AccessRule::Who::unix_socket && by_unix) ||
        (rule.who == AccessRule::Who::network && !by_unix && rule.network.contains(address));
    if (!fits) continue;
    if (rule.allow) return allowed;
    if (!settings.satisfy_any) {
      exchange.services.error_log.write(LogLevel::error, exchange.request,
                                        "access forbidden by rule");
    }
    return 403;
  }
  return no_opinion;
}

Opinion demand_password(Request& request, std::string_view realm) {
  request.challenges.clear();
  request.challenges.push_back(request.arena.join({"Basic realm=\"", realm, "\""}));
  return 401;
}

// The users of the location's file; a status when there are none to be had.
std::shared_ptr<const PasswordFile> open_users(Exchange& exchange, const std::string& path,
                                               Opinion& problem) {
  auto users = exchange.services.passwords->open(path);
  if (users) return std::move(*users);
  const int number = users.error().errno_value;
  exchange.services.error_log.write(
      number == ENOENT ? LogLevel::error : LogLevel::critical, exchange.request,
      fmt::format("open() \"{}\" failed ({}: {})", path, number, std::strerror(number)));
  problem = number == ENOENT ? 403 : 500;
  return nullptr;
}

runtime::Task<Opinion> judge_password(Exchange& exchange, const AccessSettings& settings) {
  Request& request = exchange.request;
  ErrorLog& log = exchange.services.error_log;
  std::string realm;
  append_text(realm, settings.realm, request);
  if (realm == "off" || settings.user_file.empty()) co_return no_opinion;
  const auto credentials =
      http::parse_basic_credentials(request.head.headers.value(http::HeaderId::authorization));
  if (!credentials) {
    log.write(LogLevel::info, request, "no user/password was provided for basic authentication");
    co_return demand_password(request, realm);
  }
  std::string path;
  append_text(path, settings.user_file, request);
  if (!path.starts_with('/')) path.insert(0, settings.user_file_folder);
  Opinion problem = no_opinion;
  const auto users = open_users(exchange, path, problem);
  if (!users) co_return problem;
  const auto user = users->find(credentials->user);
  if (user == users->end()) {
    log.write(LogLevel::error, request,
              fmt::format("user \"{}\" was not found in \"{}\"", credentials->user, path));
    co_return demand_password(request, realm);
  }
  const PasswordVerdict verdict = co_await exchange.services.passwords->check(
      exchange.loop(), user->second, credentials->password);
  if (verdict == PasswordVerdict::fits) co_return allowed;
  if (verdict == PasswordVerdict::busy) {
    log.write(LogLevel::alert, request, "too many passwords wait to be verified");
    co_return Opinion{503};
  }
  log.write(LogLevel::error, request,
            fmt::format("user \"{}\": password mismatch", credentials->user));
  co_return demand_password(request, realm);
}

// What the other location demands goes on to the client.
void take_challenges(Request& request, const Request& from) {
  if (from.upstream_head) {
    const http::HeaderTable& headers = from.upstream_head->headers;
    for (const http::Header* line = headers.find(http::HeaderId::www_authenticate); line;
         line = headers.next(*line)) {
      request.challenges.push_back(request.arena.store(line->value));
    }
    return;
  }
  for (const std::string_view challenge : from.challenges) {
    request.challenges.push_back(request.arena.store(challenge));
  }
}

// auth_request_set: values seen from the subrequest, kept by the main request.
void keep_values(Request& request, const AccessSettings& settings, const Request& asked) {
  for (const config::AuthRequestValue& kept : settings.auth_request_values) {
    std::string value;
    append_text(value, kept.value, asked);
    const std::string_view text = request.arena.store(value);
    if (kept.variable.variable == config::Variable::defined) {
      request.defined.assign(kept.variable.index, text);
    } else if (kept.variable.variable == config::Variable::args) {
      request.args = text;
    } else {
      request.limit_rate = config::nginx::parse_size(text);
    }
  }
}

runtime::Task<Opinion> judge_by_request(Exchange& exchange, const AccessSettings& settings) {
  Request& request = exchange.request;
  DiscardingSink sink;
  Subrequest::Spec spec;
  spec.uri = settings.auth_request;
  Subrequest subrequest(exchange, spec, sink);
  co_await subrequest.run();
  const Request& asked = subrequest.request();
  const std::uint16_t status = asked.response.status;
  if (exchange.watches_client && status == 499) co_return Opinion{499};
  keep_values(request, settings, asked);
  if (status == 403) co_return Opinion{403};
  if (status == 401) {
    take_challenges(request, asked);
    co_return Opinion{401};
  }
  if (status >= 200 && status < 300) co_return allowed;
  exchange.services.error_log.write(LogLevel::error, request,
                                    fmt::format("auth request unexpected status: {}", status));
  co_return Opinion{500};
}

runtime::Task<Verdict> refuse(Exchange& exchange, const AccessSettings& settings, Opinion status) {
  if (status == 499) co_return client_went_away(exchange);
  if (status == 401 && settings.auth_delay > 0s) {
    exchange.services.error_log.write(LogLevel::info, exchange.request,
                                      "delaying unauthorized request");
    const bool stayed = co_await pause(exchange, settings.auth_delay);
    if (!stayed) co_return client_went_away(exchange);
  }
  co_return Verdict::error(status);
}

}  // namespace

runtime::Task<Verdict> check_access(Exchange& exchange) {
  if (exchange.parent) co_return Verdict::proceed();
  const AccessSettings& settings = *exchange.request.location->access;
  Opinion refused = no_opinion;
  for (int judge = 0; judge < 3; ++judge) {
    Opinion opinion = no_opinion;
    if (judge == 0) {
      opinion = judge_address(exchange, settings);
    } else if (judge == 1 && settings.asks_for_password()) {
      opinion = co_await judge_password(exchange, settings);
    } else if (judge == 2 && !settings.auth_request.empty()) {
      opinion = co_await judge_by_request(exchange, settings);
    }
    if (opinion == no_opinion) continue;
    if (opinion == allowed) {
      if (!settings.satisfy_any) continue;
      exchange.request.challenges.clear();
      co_return Verdict::proceed();
    }
    if (!settings.satisfy_any || (opinion != 401 && opinion != 403)) {
      co_return co_await refuse(exchange, settings, opinion);
    }
    if (refused != 401) refused = opinion;
  }
  if (refused == no_opinion) co_return Verdict::proceed();
  if (refused == 403) {
    exchange.services.error_log.write(LogLevel::error, exchange.request,
                                      "access forbidden by rule");
  }
  co_return co_await refuse(exchange, settings, refused);
}

}  // namespace baton::proxy
