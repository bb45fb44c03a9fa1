// Script requests and results as short texts: numbers between blanks.

#include "ipc/messages.h"

#include <fmt/format.h>

#include "base/text.h"

namespace baton::ipc {

std::string ScriptRequest::encode() const {
  return fmt::format("{} {} {} {} {}", static_cast<int>(kind), index, static_cast<int>(event),
                     priority, state.empty() ? "-" : state);
}

std::optional<ScriptRequest> ScriptRequest::decode(const std::string& text) {
  const auto words = split_words(text);
  if (words.size() != 5) return std::nullopt;
  const auto kind = parse_unsigned(words[0], 2);
  const auto index = parse_unsigned(words[1], UINT32_MAX);
  const auto event = parse_unsigned(words[2], 4);
  const auto priority = parse_unsigned(words[3], UINT32_MAX);
  if (!kind || !index || !event || !priority) return std::nullopt;
  return ScriptRequest{static_cast<Kind>(*kind), static_cast<std::uint32_t>(*index),
                       static_cast<Event>(*event), words[4] == "-" ? "" : std::string(words[4]),
                       static_cast<std::uint32_t>(*priority)};
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
