// Finding the words behind which everything is secret.

#include "config/secrets.h"

#include <algorithm>

#include "base/text.h"

namespace baton::config {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool ends_word(char c) {
  return is_blank(c) || c == '{' || c == '}';
}

}  // namespace

std::string without_secrets(std::string_view line) {
  std::string shown(line);
  // Where the next secret starts, behind a whole word.
  const auto behind = [line](std::string_view word) {
    const std::size_t at = line.find(word);
    const std::size_t end = at + word.size();
    const bool is_whole = at != line.npos && (at == 0 || ends_word(line[at - 1])) &&
                          (end == line.size() || ends_word(line[end]));
    return is_whole ? end : line.npos;
  };
  std::size_t secret = behind("auth_pass");
  if (secret == line.npos) {
    const std::size_t number = behind("key");
    const std::size_t digit = line.find_first_not_of(" \t", std::min(number, line.size()));
    if (digit == line.npos || !is_digit(line[digit])) return shown;
    secret = line.find_first_of(" \t", digit);
  }
  for (; secret < line.size(); ++secret) {
    if (is_blank(line[secret])) continue;
    // The end of a block on one line; within a word it belongs to the secret.
    if (line[secret] == '}' && is_blank(line[secret - 1])) break;
    shown[secret] = '*';
  }
  return shown;
}

}  // namespace baton::config
