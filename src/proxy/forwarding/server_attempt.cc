// The beginning of every attempt, and the words for its failures.

#include "proxy/forwarding/server_attempt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "base/text.h"
#include "config/model/proxy_rules.h"
#include "config/nginx/value.h"
#include "proxy/filters/page_filters.h"
#include "proxy/forwarding/upstream_request.h"
#include "proxy/forwarding/upstream_response.h"
#include "proxy/response/compression.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

std::string failure_message(const Error& error) {
  if (error.kind == ErrorKind::timed_out) return "upstream timed out (110: Connection timed out)";
  if (error.errno_value == 0) return error.detail;
  const std::string_view detail = error.detail;
  const std::string_view call = detail.starts_with("connect") ? "connect()"
                                : detail.starts_with("send")  ? "send()"
                                : detail.starts_with("recv")  ? "recv()"
                                                              : detail;
  return fmt::format("{} failed ({}: {})", call, error.errno_value,
                     std::generic_category().message(error.errno_value));
}

namespace {

// What nginx takes for the other machine's trouble; other reasons are our own.
bool is_usual(int connect_errno) {
  return connect_errno == 0 || connect_errno == ECONNREFUSED || connect_errno == ECONNRESET ||
         connect_errno == ENETDOWN || connect_errno == ENETUNREACH || connect_errno == EHOSTDOWN ||
         connect_errno == EHOSTUNREACH;
}

// Where connecting fails at once, nginx names the address.
std::string message_for(const Error& error, std::string_view server) {
  const bool at_once = server.starts_with("unix:") || error.errno_value == ENETUNREACH;
  const bool connecting = std::string_view(error.detail).starts_with("connect");
  if (!at_once || !connecting || error.errno_value == 0 || error.kind == ErrorKind::timed_out) {
    return failure_message(error);
  }
  return fmt::format("connect() to {} failed ({}: {})", server, error.errno_value,
                     std::generic_category().message(error.errno_value));
}

}  // namespace

ServerAttempt::ServerAttempt(Exchange& exchange, const LocationPlan& plan, upstream::Pick& pick,
                             const PassOver& pass_over)
    : exchange_(exchange),
      plan_(plan),
      proxy_(*plan.location->proxy),
      pick_(pick),
      pass_over_(pass_over),
      record_(exchange.request.attempts.size()),
      begun_(exchange.now()) {
  UpstreamAttempt record;
  record.server = pick.peer().name;
  // Where servers come and go, the name has to outlive them until the log line.
  if (exchange.upstream_hold) record.server = exchange.request.arena.store(record.server);
  record.after_redirect = record_ > 0 && record_ == exchange.first_attempt;
  exchange.request.attempts.push_back(record);
}

void ServerAttempt::log(std::string_view message, std::string_view action, LogLevel level) {
  ErrorLog& log = exchange_.services.error_log;
  if (!log.enabled(level, exchange_.request)) return;
  log.write(level, exchange_.request, message, action, upstream_url(exchange_, pick_.peer().name));
}

void ServerAttempt::fail_with(const Error& error, std::string_view action,
                              std::string_view message) {
  if (end_ == AttemptEnd::client_failed) return;
  error_ = error.on(Side::upstream);
  action_ = action;
  end_ = AttemptEnd::failed;
  record().status = error.kind == ErrorKind::timed_out ? 504 : 502;
  const bool is_ours =
      std::string_view(error.detail).starts_with("connect") && !is_usual(error.errno_value);
  log(message.empty() ? message_for(error, pick_.peer().name) : message, action,
      is_ours ? LogLevel::critical : LogLevel::error);
}

void ServerAttempt::client_failed(const Error& error) {
  if (end_ == AttemptEnd::client_failed) return;
  end_ = AttemptEnd::client_failed;
  error_ = error.on(Side::client);
}

void ServerAttempt::client_went_away(std::string_view action) {
  client_failed({ErrorKind::closed, Side::client, Retry::no, 0, "client went away"});
  log("client prematurely closed connection, so upstream connection is closed too", action,
      LogLevel::info);
}

void ServerAttempt::count_success() {
  pick_.count_response(exchange_.upstream_head.status, record().header.value_or(0s), elapsed());
  pick_.count_bytes(record().bytes_sent, record().bytes_received);
  pick_.succeed(exchange_.now());
}

bool ServerAttempt::is_passed_over(std::uint16_t status) const {
  return exchange_.now() < pass_over_.until &&
         (next_upstream_condition(status) & pass_over_.statuses) != 0;
}

void ServerAttempt::choose_options(runtime::ConnectOptions& options) {
  if (!proxy_.rules) return;
  const config::ProxyRules& rules = *proxy_.rules;
  options.keepalive_probes = rules.socket_keepalive;
  options.send_buffer_bytes = rules.send_buffer_bytes;
  options.receive_buffer_bytes = rules.receive_buffer_bytes;
  options.from = bind_address();
  options.transparent = rules.bind_transparent;
}

std::optional<net::Endpoint> ServerAttempt::bind_address() const {
  if (!proxy_.rules || !proxy_.rules->bind) return std::nullopt;
  std::string text;
  append_text(text, *proxy_.rules->bind, exchange_.request);
  if (const auto address = net::IpAddress::parse(text)) return net::Endpoint{*address, 0};
  if (const auto endpoint = net::Endpoint::parse(text)) return *endpoint;
  if (!text.empty()) {
    exchange_.services.error_log.write(LogLevel::error, exchange_.request,
                                       fmt::format("invalid local address \"{}\"", text));
  }
  return std::nullopt;
}

bool ServerAttempt::is_bound_for_request() const {
  return proxy_.rules && proxy_.rules->bind && !proxy_.rules->bind->is_literal();
}

bool ServerAttempt::is_buffered() const {
  const http::HeaderTable& headers = exchange_.upstream_head.headers;
  if (const http::Header* line = headers.find(http::HeaderId::x_accel_buffering)) {
    const bool ignored = proxy_.rules && proxy_.rules->ignores(config::ignore_accel_buffering);
    if (!ignored && equals_ignoring_case(line->value, "no")) return false;
    if (!ignored && equals_ignoring_case(line->value, "yes")) return true;
  }
  return proxy_.buffering;
}

std::uint64_t ServerAttempt::read_rate() const {
  if (!proxy_.rules || !proxy_.rules->read_rate) return 0;
  std::string text;
  append_text(text, *proxy_.rules->read_rate, exchange_.request);
  return config::nginx::parse_size(text).value_or(0);
}

// One second's worth may come at once; later, pieces of at least a tenth of that.
runtime::Task<std::size_t> ServerAttempt::slow_down(std::uint64_t rate) {
  constexpr std::uint64_t step_ms = 100;
  const std::uint64_t received = record().body_bytes;
  while (true) {
    const Duration since = elapsed() - record().header.value_or(0s);
    const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(to_ms(since), 0));
    const std::uint64_t allowed = rate + rate * ms / 1000;
    if (received < allowed) co_return static_cast<std::size_t>(allowed - received);
    const auto wait_ms = (received - allowed) * 1000 / rate + step_ms;
    co_await exchange_.loop().sleep_for(std::chrono::milliseconds(wait_ms));
    if (exchange_.loop().cancelled()) co_return 1;
  }
}

bool ServerAttempt::cut_range(std::optional<std::uint64_t>& length) {
  Request& request = exchange_.request;
  if (!proxy_.rules || !proxy_.rules->force_ranges || exchange_.parent != nullptr) return true;
  // What goes out must be what the server sent, byte by byte.
  const bool changed = will_be_compressed(request, length) || changes_text(request);
  if (request.response.status != 200 || !length || changed) return true;
  const http::Validators validators = validators_of(exchange_.upstream_head.headers);
  if (cut_.choose(request, validators, *length) == RangeCut::Kind::unsatisfiable) {
    end_ = AttemptEnd::out_of_range;
    pick_.succeed(exchange_.now());
    return false;
  }
  if (cut_.is_part()) length = cut_.length();
  return true;
}

std::span<char> keep_early_bytes(Request& request, std::span<char>& kept, std::span<char> bytes) {
  if (kept.empty()) {
    kept = bytes;
  } else {
    std::memmove(kept.data() + kept.size(), bytes.data(), bytes.size());
    kept = {kept.data(), kept.size() + bytes.size()};
  }
  request.streamed_start = {kept.data(), kept.size()};
  return kept.last(bytes.size());
}

}  // namespace baton::proxy
