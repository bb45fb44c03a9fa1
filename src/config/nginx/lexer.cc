// nginx.conf's lexical rules; the header tells them.

#include "config/nginx/lexer.h"

#include <fmt/format.h>

#include <optional>

namespace baton::config::nginx {

namespace {

// nginx's own limit: a longer word is a forgotten quote.
constexpr std::size_t word_bytes_max = 4096;
// A bound that no sane file reaches, so that one statement cannot take all memory.
constexpr std::size_t statement_words_max = 100000;

constexpr bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

std::string unescaped(std::string_view raw) {
  std::string text;
  text.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    switch (next) {
      case '"':
      case '\'':
      case '\\':
        text += next;
        ++i;
        break;
      case 't':
        text += '\t';
        ++i;
        break;
      case 'r':
        text += '\r';
        ++i;
        break;
      case 'n':
        text += '\n';
        ++i;
        break;
      default:
        text += raw[i];
    }
  }
  return text;
}

}  // namespace

Word Lexer::here() const {
  Word word;
  word.line = line_;
  word.column = static_cast<std::uint32_t>(position_ - line_start_ + 1);
  return word;
}

void Lexer::advance() {
  if (text_[position_++] != '\n') return;
  ++line_;
  line_start_ = position_;
}

// Over blanks and comments; false at the end of the text.
bool Lexer::skip_to_word() {
  bool in_comment = false;
  while (position_ < text_.size()) {
    const char c = text_[position_];
    if (c == '\n') in_comment = false;
    if (!in_comment && c == '#') in_comment = true;
    if (!in_comment && !is_space(c)) return true;
    advance();
  }
  return false;
}

Lexer::Read Lexer::fail(Statement& statement, const Word& place, std::string problem) {
  statement.end = Statement::End::problem;
  statement.problem = std::move(problem);
  statement.problem_place = place;
  return Read::failed;
}

Statement Lexer::finish_at_end(Statement statement) {
  statement.end = Statement::End::file_end;
  if (!statement.words.empty()) {
    statement.problem = end_message_;
    statement.problem_place = here();
  }
  return statement;
}

Statement Lexer::next() {
  Statement statement;
  while (skip_to_word()) {
    const char c = text_[position_];
    Word place = here();
    if (c == ';' || c == '{') {
      advance();
      if (statement.words.empty()) {
        fail(statement, place, fmt::format("unexpected \"{}\"", c));
        return statement;
      }
      statement.end = c == ';' ? Statement::End::semicolon : Statement::End::block_start;
      return statement;
    }
    if (c == '}') {
      // With words before it, the brace is left for the next call, so that the block still ends.
      if (!statement.words.empty()) {
        fail(statement, place, "unexpected \"}\"");
        return statement;
      }
      advance();
      statement.end = Statement::End::block_end;
      statement.problem_place = place;
      return statement;
    }
    if (read_word(statement) == Read::failed) return statement;
    if (statement.words.size() > statement_words_max) {
      fail(statement, place, "too many words in one statement");
      return statement;
    }
  }
  return finish_at_end(std::move(statement));
}

Lexer::Read Lexer::read_word(Statement& statement) {
  Word word = here();
  const std::size_t start = position_;
  word.quoted = text_[position_] == '"' || text_[position_] == '\'';
  const Read read = word.quoted ? read_quoted(statement, word) : read_bare(statement, word);
  if (read == Read::failed) return read;
  word.length = static_cast<std::uint32_t>(position_ - start);
  const Word place = word;
  statement.words.push_back(std::move(word));
  if (!place.quoted || position_ == text_.size()) return Read::done;
  const char c = text_[position_];
  if (is_space(c) || c == ';' || c == '{' || c == ')') return Read::done;
  const Word after = here();
  return fail(statement, after, fmt::format("unexpected \"{}\"", c));
}

Lexer::Read Lexer::read_quoted(Statement& statement, Word& word) {
  const char quote = text_[position_];
  advance();
  const std::size_t start = position_;
  while (position_ < text_.size()) {
    if (position_ - start >= word_bytes_max) {
      return fail(
          statement, word,
          fmt::format("too long parameter, probably missing terminating \"{}\" character", quote));
    }
    const char c = text_[position_];
    if (c == quote) {
      word.text = unescaped(text_.substr(start, position_ - start));
      advance();
      return Read::done;
    }
    advance();
    if (c == '\\' && position_ < text_.size()) advance();
  }
  fail(statement, here(), std::string(end_message_));
  statement.end = Statement::End::file_end;
  return Read::failed;
}

Lexer::Read Lexer::read_bare(Statement& statement, Word& word) {
  const std::size_t start = position_;
  bool after_dollar = false;
  while (position_ < text_.size()) {
    const char c = text_[position_];
    const bool ends = is_space(c) || c == ';' || c == '{';
    if (ends && !(c == '{' && after_dollar)) break;
    if (position_ - start >= word_bytes_max) {
      return fail(statement, word,
                  fmt::format("too long parameter \"{}...\" started", text_.substr(start, 10)));
    }
    after_dollar = c == '$';
    advance();
    if (c == '\\' && position_ < text_.size()) advance();
  }
  word.text = unescaped(text_.substr(start, position_ - start));
  return Read::done;
}

}  // namespace baton::config::nginx
