// The beginning of every attempt, and the words for its failures.

#include "proxy/server_attempt.h"

#include <fmt/format.h>

#include <system_error>

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

ServerAttempt::ServerAttempt(Exchange& exchange, const LocationPlan& plan, upstream::Pick& pick,
                             std::uint32_t may_pass_over)
    : exchange_(exchange),
      plan_(plan),
      proxy_(*plan.location->proxy),
      pick_(pick),
      may_pass_over_(may_pass_over),
      record_(exchange.request.attempts.size()),
      begun_(exchange.now()) {
  UpstreamAttempt record;
  record.server = pick.peer().name;
  // Where servers come and go, the name has to outlive them until the log line.
  if (exchange.upstream_hold) record.server = exchange.request.arena.store(record.server);
  record.after_redirect = record_ > 0 && record_ == exchange.first_attempt;
  exchange.request.attempts.push_back(record);
}

}  // namespace baton::proxy
