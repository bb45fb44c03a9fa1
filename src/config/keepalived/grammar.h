// The table-driven part of the grammar: which keywords a block knows, how many words each wants
// behind it, whether it opens a block, and which function takes it. apply_statements() walks a
// block by such a table and reports what is not in it.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "config/keepalived/foreign.h"
#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

enum class Shape : std::uint8_t { line, block };

template <typename Target>
struct Keyword {
  std::string_view name;
  Shape shape = Shape::line;
  std::size_t parameters = 0;  // words that must follow; keepalived ends at once without them
  void (*apply)(Reader&, Target&, const Statement&) = nullptr;
};

void report_unknown(Reader& reader, const Statement& statement,
                    const std::vector<std::string_view>& known);
// keepalived does not start when a word is missing here, not even with what it has read so far.
void report_missing_parameter(Reader& reader, const Statement& statement);
void report_wrong_shape(Reader& reader, const Statement& statement, Shape wanted);

// Applies `statement` when its keyword is in the table, and tells whether it is.
template <typename Target>
bool apply_statement(Reader& reader, Target& target, const Statement& statement,
                     std::span<const Keyword<Target>> keywords) {
  const Keyword<Target>* found = nullptr;
  for (const auto& keyword : keywords) {
    if (keyword.name == statement.keyword()) found = &keyword;
  }
  if (!found) return false;
  if (statement.words.size() <= found->parameters) {
    report_missing_parameter(reader, statement);
  } else if (statement.has_block != (found->shape == Shape::block)) {
    report_wrong_shape(reader, statement, found->shape);
  } else {
    found->apply(reader, target, statement);
  }
  return true;
}

// Applies what the table knows and leaves the rest to others: their words are "understood" in
// foreign.cc.
template <typename Target>
void apply_known(Reader& reader, Target& target, const std::vector<Statement>& statements,
                 std::span<const Keyword<Target>> keywords) {
  for (const Statement& statement : statements) {
    apply_statement(reader, target, statement, keywords);
  }
}

// Applies each statement to `target`.
template <typename Target>
void apply_statements(Reader& reader, Target& target, const std::vector<Statement>& statements,
                      Section section, std::span<const Keyword<Target>> keywords) {
  for (const Statement& statement : statements) {
    if (apply_statement(reader, target, statement, keywords)) continue;
    if (handle_foreign(reader, section, statement)) continue;
    auto known = foreign_words(section);
    for (const auto& keyword : keywords) known.push_back(keyword.name);
    report_unknown(reader, statement, known);
  }
}

}  // namespace baton::config::keepalived
