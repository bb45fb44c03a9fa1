// What is said about statements that do not fit their table.

#include "config/keepalived/grammar.h"

#include "config/keepalived/verdicts.h"

namespace baton::config::keepalived {

void report_unknown(Reader& reader, const Statement& statement,
                    const std::vector<std::string_view>& known) {
  const std::string& word = statement.keyword();
  if (word == "{") return;  // a stray brace, reported already
  std::string message = fmt::format("Unknown keyword '{}'", word);
  if (statement.has_block) {
    message += ": the block is skipped up to its '}' (keepalived loses track of braces here)";
  }
  const std::string_view near = closest_word(word, known);
  reader.diagnostics.tolerated_error(statement.where, message,
                                     near.empty() ? "" : fmt::format("did you mean \"{}\"?", near));
}

void report_missing_parameter(Reader& reader, const Statement& statement) {
  reader.diagnostics.error(
      statement.where,
      fmt::format("{}`{}` is missing a parameter after keyword `{}` at word position {}",
                  missing_parameter_prefix, statement.keyword(), statement.words.back().text,
                  statement.words.size() + 1));
}

void report_wrong_shape(Reader& reader, const Statement& statement, Shape wanted) {
  const std::string& word = statement.keyword();
  reader.diagnostics.tolerated_error(
      statement.where, wanted == Shape::block
                           ? fmt::format("'{{' missing from beginning of block {}", word)
                           : fmt::format("Unexpected '{{' - ignoring: '{}' takes no block, it is "
                                         "skipped up to its '}}'",
                                         word));
}

}  // namespace baton::config::keepalived
