// The schedule of gratuitous ARPs: the same words in global_defs (with "vrrp_" in front) and in
// instances.

#include <fmt/format.h>

#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

constexpr double longest_delay_seconds = 86400;

std::optional<std::uint32_t> repeat(Reader& reader, const std::string& owner,
                                    const Statement& statement) {
  const std::string& word = statement.keyword();
  const auto value =
      reader.whole(statement, 1, 0, 1'000'000, fmt::format("{}{} is ignored", owner, word));
  if (!value) return std::nullopt;
  if (*value > 0) return static_cast<std::uint32_t>(*value);
  reader.diagnostics.tolerated_error(
      statement.place(1), fmt::format("{}{} must be greater than 0, setting to 1", owner, word));
  return 1;
}

}  // namespace

void read_garp(Reader& reader, GarpSchedule& garp, const std::string& owner,
               std::string_view keyword, const Statement& statement) {
  const auto delay = [&]() {
    return reader.seconds(statement, 1, 0, longest_delay_seconds,
                          fmt::format("{}{} is ignored", owner, statement.keyword()));
  };
  if (keyword == "garp_master_delay") {
    garp.delay = delay().value_or(garp.delay);
  } else if (keyword == "garp_master_repeat") {
    garp.repeat = repeat(reader, owner, statement).value_or(garp.repeat);
  } else if (keyword == "garp_master_refresh") {
    garp.refresh = delay().value_or(garp.refresh);
  } else if (keyword == "garp_master_refresh_repeat") {
    garp.refresh_repeat = repeat(reader, owner, statement).value_or(garp.refresh_repeat);
  } else if (keyword == "garp_lower_prio_delay") {
    if (const auto value = delay()) garp.lower_priority_delay = *value;
  } else if (keyword == "garp_lower_prio_repeat") {
    // 0 is allowed: no frames at all.
    const auto value = reader.whole(statement, 1, 0, 1'000'000,
                                    fmt::format("{}{} is ignored", owner, statement.keyword()));
    if (value) garp.lower_priority_repeat = static_cast<std::uint32_t>(*value);
  }
}

}  // namespace baton::config::keepalived
