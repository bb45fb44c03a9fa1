// The smallest pieces of keepalived.conf: comments, words and quotes on one line.
//
// The language has two ways of cutting a line into words. Most keywords take *plain* words: runs
// of characters between blanks, or everything between two double quotes, without any escapes. The
// commands of scripts take *shell-like* words: double and single quotes may stand anywhere in a
// word, and backslash escapes are resolved.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace baton::config::keepalived {

struct Word {
  std::string text;          // without its quotes
  std::uint32_t offset = 0;  // bytes from the start of the line
  std::uint32_t length = 0;  // as written, quotes included
  friend bool operator==(const Word&, const Word&) = default;
};

// The part of `line` in front of its comment: `#` and `!` outside double quotes start one, in the
// middle of a word too.
std::string_view without_comment(std::string_view line);

// Position of the first brace outside double quotes at or after `from`; npos when there is none.
std::size_t find_brace(std::string_view line, std::size_t from);

// Words between blanks and double quotes. An unmatched quote ends at the end of the line and sets
// `*unmatched` when given.
std::vector<Word> plain_words(std::string_view text, bool* unmatched = nullptr);

// Shell-like words: quotes and the escapes \a \b \E \f \n \r \t \v \NNN \xXX \cC are resolved.
// Null when a quote is not closed; `*open_quote`, when given, then tells which.
std::optional<std::vector<Word>> command_words(std::string_view text, char* open_quote = nullptr);

}  // namespace baton::config::keepalived
