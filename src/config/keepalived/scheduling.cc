// global_defs: how the kernel shall treat the failover process.

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

constexpr std::int64_t realtime_priority_max = 99;
constexpr std::uint64_t processor_max = 1023;

// "0 2 4-7": keepalived 2.2 takes single numbers, ranges are harmless.
void read_processors(Reader& reader, const Statement& statement) {
  for (std::size_t i = 1; i < statement.words.size(); ++i) {
    const auto parts = split(statement.word(i), '-');
    const auto first = parse_unsigned(parts.front(), processor_max);
    const auto last = parse_unsigned(parts.back(), processor_max);
    if (!first || !last || parts.size() > 2 || *last < *first) {
      reader.diagnostics.tolerated_error(
          statement.place(i),
          fmt::format("Invalid CPU affinity '{}' specified - ignoring", statement.word(i)));
      continue;
    }
    for (auto number = *first; number <= *last; ++number) {
      reader.model.scheduling.processors.push_back(static_cast<unsigned>(number));
    }
  }
}

}  // namespace

void read_scheduling(Reader& reader, const Statement& statement) {
  Scheduling& scheduling = reader.model.scheduling;
  const std::string& keyword = statement.keyword();
  const std::string consequence = keyword + " is ignored";
  if (keyword == "vrrp_rt_priority") {
    const auto value = reader.whole(statement, 1, 1, realtime_priority_max, consequence);
    if (value) scheduling.realtime_priority = static_cast<std::uint8_t>(*value);
  } else if (keyword == "vrrp_priority") {
    const auto value = reader.whole(statement, 1, -20, 19, consequence);
    if (value) scheduling.nice = static_cast<int>(*value);
  } else if (keyword == "vrrp_no_swap") {
    scheduling.lock_memory = reader.boolean(statement).value_or(true);
  } else if (keyword == "vrrp_cpu_affinity") {
    read_processors(reader, statement);
  } else if (keyword == "max_auto_priority") {
    if (statement.words.size() < 2) return;
    const auto value = reader.whole(statement, 1, -1, realtime_priority_max, consequence);
    if (value) scheduling.realtime_allowed = *value > 0;
  } else {
    // Below this a reload of a long file would end the real-time class by itself.
    constexpr std::int64_t shortest_us = 100'000;
    const auto value = reader.whole(statement, 1, 1, INT32_MAX, consequence);
    if (!value) return;
    scheduling.realtime_longest = std::chrono::microseconds(std::max(*value, shortest_us));
    if (*value < shortest_us) {
      reader.diagnostics.note(statement.place(1),
                              fmt::format("{}: baton takes at least 100000 us", keyword));
    }
  }
}

}  // namespace baton::config::keepalived
