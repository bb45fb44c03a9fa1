// Script requests and results as short texts: numbers between blanks.

#include "ipc/messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"

namespace baton::ipc {

std::string ScriptRequest::encode() const {
  return fmt::format("{} {} {} {} {} {}", static_cast<int>(kind), index, static_cast<int>(event),
                     priority, state.empty() ? "-" : state, of_previous ? 1 : 0);
}

std::optional<ScriptRequest> ScriptRequest::decode(const std::string& text) {
  const auto words = split_words(text);
  if (words.size() != 6) return std::nullopt;
  const auto kind = parse_unsigned(words[0], 2);
  const auto index = parse_unsigned(words[1], UINT32_MAX);
  const auto event = parse_unsigned(words[2], 6);
  const auto priority = parse_unsigned(words[3], UINT32_MAX);
  const auto of_previous = parse_unsigned(words[5], 1);
  if (!kind || !index || !event || !priority || !of_previous) return std::nullopt;
  return ScriptRequest{static_cast<Kind>(*kind),
                       static_cast<std::uint32_t>(*index),
                       static_cast<Event>(*event),
                       words[4] == "-" ? "" : std::string(words[4]),
                       static_cast<std::uint32_t>(*priority),
                       *of_previous == 1};
}

std::string Announcement::line() const {
  return fmt::format("{} \"{}\" {} {}", of_group ? "GROUP" : "INSTANCE", name, state, priority);
}

// The name comes last: it may hold blanks.
std::string Announcement::encode() const {
  return fmt::format("{} {} {} {} {} {}", of_group ? 1 : 0, by_mail ? 1 : 0, by_fifo ? 1 : 0,
                     priority, state, name);
}

std::optional<Announcement> Announcement::decode(const std::string& text) {
  Announcement announcement;
  std::string_view left = text;
  const auto next = [&left] {
    const std::size_t end = std::min(left.find(' '), left.size());
    const std::string_view word = left.substr(0, end);
    left.remove_prefix(std::min(end + 1, left.size()));
    return word;
  };
  const auto of_group = parse_unsigned(next(), 1);
  const auto by_mail = parse_unsigned(next(), 1);
  const auto by_fifo = parse_unsigned(next(), 1);
  const auto priority = parse_unsigned(next(), UINT32_MAX);
  announcement.state = next();
  announcement.name = left;
  if (!of_group || !by_mail || !by_fifo || !priority || announcement.state.empty() ||
      announcement.name.empty()) {
    return std::nullopt;
  }
  announcement.of_group = *of_group == 1;
  announcement.by_mail = *by_mail == 1;
  announcement.by_fifo = *by_fifo == 1;
  announcement.priority = static_cast<std::uint32_t>(*priority);
  return announcement;
}

std::string ScriptResult::encode() const {
  return fmt::format("{} {} {}", static_cast<int>(outcome), code, took.count());
}

std::optional<ScriptResult> ScriptResult::decode(const std::string& text) {
  const auto words = split_words(text);
  if (words.size() != 3) return std::nullopt;
  const auto outcome = parse_unsigned(words[0], 3);
  const auto code = parse_signed(words[1]);
  const auto took = parse_signed(words[2]);
  if (!outcome || !code || !took) return std::nullopt;
  return ScriptResult{static_cast<ScriptOutcome>(*outcome), static_cast<int>(*code),
                      Duration(*took)};
}

}  // namespace baton::ipc
