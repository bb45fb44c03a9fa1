// The events block. baton has one way to wait for events (epoll), so most of it is history.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

void read_events(Reader& reader, const Directive& directive) {
  reader.has_events = true;
  Level inner = reader.nested(in_events);
  reader.read_block(directive.block, inner);
}

void read_worker_connections(Reader& reader, const Directive& directive) {
  const auto count = parse_unsigned(directive.word(1), UINT32_MAX);
  if (!count) {
    return reader.error(directive, 1, fmt::format("invalid number \"{}\"", directive.word(1)));
  }
  reader.proxy().worker_connections = static_cast<std::uint32_t>(*count);
}

void read_use(Reader& reader, const Directive& directive) {
  constexpr std::array<std::string_view, 6> elsewhere{"select",    "poll",      "kqueue",
                                                      "/dev/poll", "eventport", "iocp"};
  const std::string& method = directive.word(1);
  if (method == "epoll") return;
  if (std::ranges::find(elsewhere, method) == elsewhere.end()) {
    return reader.error(directive, 1, fmt::format("invalid event type \"{}\"", method));
  }
  reader.note(directive, 1,
              fmt::format("\"use {}\" has no effect in baton: it always uses epoll", method));
}

constexpr Rule rules[] = {
    level("events", in_main, take0, read_events, Value::text),
    supported("worker_connections", in_events, take1, read_worker_connections, Value::number),
    supported("multi_accept", in_events, take_switch,
              set_switch_without_effect<&Proxy::multi_accept, false>),
    supported("use", in_events, take1, read_use, Value::text),
    no_effect("accept_mutex", in_events, take_switch, Value::any,
              "every thread has listening sockets of its own"),
    no_effect("accept_mutex_delay", in_events, take1, Value::milliseconds),
    no_effect("debug_connection", in_events, take1),
    no_effect("epoll_events", in_events, take1, Value::number),
    no_effect("worker_aio_requests", in_events, take1, Value::number),
};

}  // namespace

std::span<const Rule> events_rules() {
  return rules;
}

}  // namespace baton::config::nginx
