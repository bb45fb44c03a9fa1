// What is said about statements that do not fit their table.

#include "config/keepalived/grammar.h"

#include <algorithm>
#include <iterator>

#include "config/keepalived/verdicts.h"

namespace baton::config::keepalived {

namespace {

// baton's own words that are often put into the wrong block.
constexpr std::string_view global_words[] = {"pair_key", "pair_peer", "pair_listen",
                                             "handover_timeout", "heartbeat_port"};

// What helps who wrote this word here; may be empty.
std::string help_for(const std::string& word, const std::vector<std::string_view>& known) {
  if (std::ranges::find(global_words, word) != std::end(global_words)) {
    return fmt::format("{} belongs in global_defs", word);
  }
  if (word == "track_proxy") return "track_proxy belongs in a vrrp_instance";
  if (word.starts_with('$')) {
    return "a definition stands outside of blocks and has no blank in front of its '='";
  }
  const std::string_view near = closest_word(word, known);
  return near.empty() ? "" : fmt::format("did you mean \"{}\"?", near);
}

}  // namespace

void report_unknown(Reader& reader, const Statement& statement,
                    const std::vector<std::string_view>& known) {
  const std::string& word = statement.keyword();
  if (word == "{") return;  // a stray brace, reported already
  std::string message = fmt::format("Unknown keyword '{}'", word);
  if (statement.has_block) {
    message += ": the block is skipped up to its '}' (keepalived loses track of braces here)";
  }
  reader.diagnostics.tolerated_error(statement.where, message, help_for(word, known));
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
