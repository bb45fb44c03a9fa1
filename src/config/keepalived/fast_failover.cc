// fast_failover INTERVAL [MULTIPLIER] | off, in global_defs and in instances: baton's own word.

#include <fmt/format.h>

#include "base/text.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

// "10ms", "0.05s"; a bare number could be either, and a wrong guess would be a false failover.
std::optional<Duration> parse_interval(std::string_view text) {
  const double scale = text.ends_with("ms") ? 0.001 : text.ends_with("s") ? 1 : 0;
  if (scale == 0) return std::nullopt;
  const auto value = parse_decimal(text.substr(0, text.size() - (scale < 1 ? 2 : 1)));
  if (!value) return std::nullopt;
  return from_seconds(*value * scale);
}

}  // namespace

std::optional<FastFailover> read_fast_failover(Reader& reader, const Statement& statement) {
  constexpr Duration shortest = 5ms;
  constexpr Duration longest = 10s;
  FastFailover wish;
  const std::string& word = statement.word(1);
  if (word == "off" || word == "no" || word == "false") {
    wish.enabled = false;
    return wish;
  }
  if (word == "on" || word == "yes" || word == "true") return wish;
  const auto interval = parse_interval(word);
  if (!interval || *interval < shortest || *interval > longest) {
    reader.diagnostics.error(
        statement.place(1),
        fmt::format("fast_failover: '{}' is no interval between 5ms and 10s", word),
        "e.g. \"fast_failover 50ms 3\", or \"fast_failover off\"");
    return std::nullopt;
  }
  wish.interval = *interval;
  if (statement.words.size() < 3) return wish;
  const auto multiplier = parse_unsigned(statement.word(2), 50);
  if (!multiplier || *multiplier < 2) {
    reader.diagnostics.error(
        statement.place(2),
        fmt::format("fast_failover: '{}' is no number of packets between 2 and 50",
                    statement.word(2)),
        "e.g. \"fast_failover 50ms 3\"");
    return std::nullopt;
  }
  wish.multiplier = static_cast<std::uint8_t>(*multiplier);
  return wish;
}

}  // namespace baton::config::keepalived
