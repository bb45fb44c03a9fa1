// The beginning of every attempt, and the words for its failures.

#include "proxy/forwarding/server_attempt.h"

#include <fmt/format.h>

#include <system_error>

#include "config/model/proxy_rules.h"
#include "proxy/filters/page_filters.h"
#include "proxy/response/compression.h"

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

}  // namespace baton::proxy
