// nginx.conf's lexical rules. The text is a run of statements: words up to ";" or "{", or a lone
// "}". A word ends at a blank, a line end, ";" or "{" (but not at the "{" of "${name}"). A word
// that starts with a quote runs to the same quote and must be followed by a blank, ";", "{" or
// ")". A backslash takes the meaning from the next character; in the finished word \" \' \\ lose
// their backslash, \t \r \n become their character, and any other pair stays as it is (so that
// regular expressions need no doubling). "#" at the start of a word opens a comment to the end of
// the line. Bytes above 127 are ordinary characters.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baton::config::nginx {

struct Word {
  std::string text;          // without quotes and escapes
  std::uint32_t line = 0;    // where it starts, from 1
  std::uint32_t column = 0;  // in bytes, from 1
  std::uint32_t length = 1;  // in bytes, quotes included
  bool quoted = false;
};

struct Statement {
  enum class End : std::uint8_t {
    semicolon,
    block_start,
    block_end,  // no words
    file_end,   // words is empty, unless `problem` says what is missing
    problem     // `problem` tells; `words` holds what came before it and may be used
  };
  End end = End::file_end;
  std::vector<Word> words;
  std::string problem;  // in nginx's words
  Word problem_place;
};

class Lexer {
 public:
  // `end_message` is for text that stops in mid-statement: a file and the command line differ.
  Lexer(std::string_view text, std::string_view end_message)
      : text_(text), end_message_(end_message) {}

  Statement next();
  // The place reached so far, for problems at the end of the text.
  [[nodiscard]] Word here() const;

 private:
  enum class Read : std::uint8_t { done, failed };

  void advance();
  bool skip_to_word();
  Read read_word(Statement& statement);
  Read read_quoted(Statement& statement, Word& word);
  Read read_bare(Statement& statement, Word& word);
  Read fail(Statement& statement, const Word& place, std::string problem);
  Statement finish_at_end(Statement statement);

  std::string_view text_;
  std::string_view end_message_;
  std::size_t position_ = 0;
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
};

}  // namespace baton::config::nginx
