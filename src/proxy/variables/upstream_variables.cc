// Joining the attempts' values.

#include "proxy/variables/upstream_variables.h"

#include <algorithm>
#include <optional>

#include "base/number_text.h"

namespace baton::proxy {

namespace {

void append_optional_seconds(std::string& into, const std::optional<Duration>& duration) {
  if (duration) {
    append_seconds(into, *duration);
  } else {
    into += '-';
  }
}

template <typename Appender>
bool join(std::string& into, const Request& request, Appender append_one) {
  if (request.attempts.empty()) return false;
  bool first = true;
  for (const UpstreamAttempt& attempt : request.attempts) {
    if (!first) into += attempt.after_redirect ? " : " : ", ";
    first = false;
    append_one(attempt);
  }
  return true;
}

}  // namespace

void append_seconds(std::string& into, Duration duration) {
  const std::int64_t ms = std::max<std::int64_t>(0, to_ms(duration));
  append_decimal(into, static_cast<std::uint64_t>(ms / 1000));
  const char decimals[4] = {'.', static_cast<char>('0' + ms / 100 % 10),
                            static_cast<char>('0' + ms / 10 % 10),
                            static_cast<char>('0' + ms % 10)};
  into.append(decimals, sizeof(decimals));
}

bool append_upstream_variable(std::string& into, config::Variable variable,
                              const Request& request) {
  using config::Variable;
  const auto each = [&](auto append_one) { return join(into, request, append_one); };
  switch (variable) {
    case Variable::upstream_addr:
      return each([&](const UpstreamAttempt& attempt) { into += attempt.server; });
    case Variable::upstream_status:
      return each([&](const UpstreamAttempt& attempt) {
        if (attempt.status == 0) {
          into += '-';
        } else {
          append_decimal(into, attempt.status);
        }
      });
    case Variable::upstream_connect_time:
      return each(
          [&](const UpstreamAttempt& attempt) { append_optional_seconds(into, attempt.connect); });
    case Variable::upstream_header_time:
      return each(
          [&](const UpstreamAttempt& attempt) { append_optional_seconds(into, attempt.header); });
    case Variable::upstream_response_time:
      return each(
          [&](const UpstreamAttempt& attempt) { append_optional_seconds(into, attempt.response); });
    case Variable::upstream_response_length:
      return each(
          [&](const UpstreamAttempt& attempt) { append_decimal(into, attempt.body_bytes); });
    case Variable::upstream_bytes_received:
      return each(
          [&](const UpstreamAttempt& attempt) { append_decimal(into, attempt.bytes_received); });
    case Variable::upstream_bytes_sent:
      return each(
          [&](const UpstreamAttempt& attempt) { append_decimal(into, attempt.bytes_sent); });
    default:
      return false;
  }
}

}  // namespace baton::proxy
