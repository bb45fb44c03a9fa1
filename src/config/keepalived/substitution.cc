// Definitions, their replacement, and repeated lines.

#include "config/keepalived/substitution.h"

#include <fmt/format.h>

#include <charconv>
#include <functional>

#include "base/text.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t longest_line_bytes = 65536;
constexpr int most_replacements = 1000;
constexpr std::size_t most_rounds = 65536;

bool is_name_character(char c) {
  const char lower = to_lower(c);
  return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '_';
}

std::size_t name_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_name_character(text[length])) ++length;
  return length > 0 && is_digit(text[0]) ? 0 : length;
}

// Decimal, or hexadecimal with 0x, with an optional minus sign.
std::optional<long> parse_step(std::string_view text) {
  text = trimmed(text);
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  long value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return negative ? -value : value;
}

// Splits at commas outside braces.
std::vector<std::string> list_items(std::string_view text) {
  std::vector<std::string> items(1);
  int depth = 0;
  for (const char c : text) {
    depth += c == '{' ? 1 : c == '}' ? -1 : 0;
    if (c == ',' && depth == 0) {
      items.emplace_back();
    } else {
      items.back() += c;
    }
  }
  for (auto& item : items) item = std::string(trimmed(item));
  return items;
}

// "{a, b}" as its parts, anything else as one part.
std::vector<std::string> tuple_parts(std::string_view text) {
  if (!text.starts_with('{') || !text.ends_with('}')) return {std::string(text)};
  return list_items(text.substr(1, text.size() - 2));
}

bool fill_sequence(Repetition& repetition, const std::vector<std::string>& arguments,
                   bool hexadecimal) {
  if (arguments.size() < 2 || arguments.size() > 4) return false;
  const auto end = parse_step(arguments.back());
  if (!end) return false;
  long start = *end > 0 ? 1 : -1;
  if (arguments.size() > 2) {
    const auto value = parse_step(arguments[1]);
    if (!value) return false;
    start = *value;
  }
  long step = *end >= start ? 1 : -1;
  if (arguments.size() == 4) {
    const auto value = parse_step(arguments[2]);
    if (!value || *value == 0) return false;
    step = *value;
  }
  repetition.names = {arguments[0]};
  for (long value = start; step > 0 ? value <= *end : value >= *end; value += step) {
    if (repetition.rounds.size() >= most_rounds) return false;
    repetition.rounds.push_back({hexadecimal ? fmt::format("{:x}", value) : fmt::to_string(value)});
  }
  return true;
}

bool fill_list(Repetition& repetition, const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) return false;
  repetition.names = tuple_parts(arguments[0]);
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    repetition.rounds.push_back(tuple_parts(arguments[i]));
    if (repetition.rounds.back().size() != repetition.names.size()) return false;
  }
  return true;
}

}  // namespace

Definitions::Definitions(const std::string& config_id)
    : random_(std::hash<std::string>{}(config_id)) {
  values_["_INSTANCE"] = config_id;
  values_["_HASH"] = "#";
  values_["_BANG"] = "!";
}

std::optional<std::string> Definitions::value_of(std::string_view name) {
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  const auto words = split_words(name);
  if (words.empty() || words.size() > 3 || words[0] != "_RANDOM") return std::nullopt;
  const auto low = words.size() > 1 ? parse_unsigned(words[1], INT32_MAX) : 0;
  const auto high = words.size() > 2 ? parse_unsigned(words[2], INT32_MAX) : 32767;
  if (!low || !high || *low > *high) return std::nullopt;
  return fmt::to_string(*low + random_.below(*high - *low + 1));
}

std::optional<std::string> Definitions::replace(std::string_view text) {
  std::string result(text);
  int replacements = 0;
  for (std::size_t at = result.find('$'); at != std::string::npos; at = result.find('$', at)) {
    const std::string_view after = std::string_view(result).substr(at + 1);
    std::size_t used = 0;  // bytes behind the dollar sign
    std::optional<std::string> value;
    if (after.starts_with('{')) {
      const std::size_t end = after.find('}');
      if (end != std::string_view::npos) value = value_of(after.substr(1, end - 1));
      used = end + 1;
    } else if (const std::size_t length = name_length(after); length > 0) {
      // A bare $NAME ends at a blank, nowhere else.
      if (length == after.size() || is_blank(after[length]) || after[length] == '\n') {
        value = value_of(after.substr(0, length));
      }
      used = length;
    }
    if (!value) {
      ++at;
      continue;
    }
    result.replace(at, used + 1, *value);
    // The lines of a definition of several lines are replaced one by one: they may define anew
    // what the next of them uses.
    if (value->find('\n') != std::string::npos) return result;
    if (++replacements > most_replacements || result.size() > longest_line_bytes) {
      return std::nullopt;
    }
  }
  return result;
}

std::optional<Definition> parse_definition(std::string_view line) {
  line = trimmed(line);
  if (!line.starts_with('$')) return std::nullopt;
  line.remove_prefix(1);
  const std::size_t length = name_length(line);
  if (length == 0 || length >= line.size() || line[length] != '=') return std::nullopt;
  return Definition{std::string(line.substr(0, length)),
                    std::string(trimmed(line.substr(length + 1)))};
}

bool starts_repetition(std::string_view line) {
  line = trimmed(line);
  return line.starts_with("~SEQ(") || line.starts_with("~SEQx(") || line.starts_with("~LST(");
}

std::optional<Repetition> parse_repetition(std::string_view line) {
  line = trimmed(line);
  const std::size_t open = line.find('(');
  const std::size_t close = line.find(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  const auto arguments = list_items(line.substr(open + 1, close - open - 1));
  Repetition repetition;
  repetition.rest = std::string(trimmed(line.substr(close + 1)));
  const bool filled = line.starts_with("~LST")
                          ? fill_list(repetition, arguments)
                          : fill_sequence(repetition, arguments, line.starts_with("~SEQx"));
  if (!filled) return std::nullopt;
  for (const auto& name : repetition.names) {
    if (name_length(name) != name.size() || name.empty()) return std::nullopt;
  }
  return repetition;
}

}  // namespace baton::config::keepalived
