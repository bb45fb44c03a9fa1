// Typed values out of statements, and notes that are told once.

#include "config/keepalived/reader.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"

namespace baton::config::keepalived {

namespace {

// Almost always the habit of nginx.conf.
std::string suggestion_for(std::string_view text) {
  return text.ends_with(';') ? "remove the ';': lines of keepalived.conf end without one" : "";
}

std::string with_consequence(const std::string& problem, std::string_view consequence) {
  return consequence.empty() ? problem : fmt::format("{}: {}", problem, consequence);
}

}  // namespace

std::optional<std::int64_t> Reader::whole(const Statement& statement, std::size_t index,
                                          std::int64_t low, std::int64_t high,
                                          std::string_view consequence) {
  const std::string& text = statement.word(index);
  const auto value = parse_signed(text.starts_with('+') ? text.substr(1) : text);
  if (value && *value >= low && *value <= high) return value;
  const std::string problem =
      !value                   ? fmt::format("invalid number '{}'", text)
      : low >= 0 && *value < 0 ? fmt::format("negative number '{}'", text)
                               : fmt::format("number '{}' outside range [{}, {}]", text, low, high);
  diagnostics.tolerated_error(statement.place(index), with_consequence(problem, consequence),
                              suggestion_for(text));
  return std::nullopt;
}

std::optional<Duration> Reader::seconds(const Statement& statement, std::size_t index, double low,
                                        double high, std::string_view consequence) {
  const std::string& text = statement.word(index);
  const bool negative = text.starts_with('-');
  const auto value = parse_decimal(negative ? text.substr(1) : text);
  if (value && !negative && *value >= low && *value <= high) return from_seconds(*value);
  const std::string problem =
      !value     ? fmt::format("invalid number '{}'", text)
      : negative ? fmt::format("negative number '{}'", text)
                 : fmt::format("number '{}' outside range [{:.6f}, {:.6f}]", text, low, high);
  diagnostics.tolerated_error(statement.place(index), with_consequence(problem, consequence),
                              suggestion_for(text));
  return std::nullopt;
}

std::optional<bool> Reader::boolean(const Statement& statement) {
  if (statement.words.size() < 2) return true;
  const std::string& word = statement.word(1);
  for (const auto* yes : {"on", "true", "yes"}) {
    if (word == yes) return true;
  }
  for (const auto* no : {"off", "false", "no"}) {
    if (word == no) return false;
  }
  diagnostics.tolerated_error(
      statement.place(1),
      fmt::format("Invalid {} parameter {} - ignoring", statement.keyword(), word),
      "say on or off");
  return std::nullopt;
}

void Reader::note_once(const std::string& kind, const Position& where, const std::string& message) {
  if (noted_.insert(kind).second) diagnostics.note(where, message);
}

void Reader::unsupported(const Position& where, std::string_view what, std::string_view remark) {
  diagnostics.error(where, fmt::format("{} is keepalived's and not supported by baton yet{}{}",
                                       what, remark.empty() ? "" : ": ", remark));
}

}  // namespace baton::config::keepalived
