// keepalived.conf as a tree: statements, some of which hold a block of further statements. What a
// statement means is the business of the grammar; here only braces and lines count.
//
// A statement is one line up to a brace. `{` opens the block of the statement in front of it, on
// the same line or a later one; what follows a brace on the same line is a statement of its own.
#pragma once

#include <string>
#include <vector>

#include "config/keepalived/lines.h"
#include "config/keepalived/words.h"
#include "config/source.h"

namespace baton::config::keepalived {

struct Statement {
  std::vector<Word> words;  // plain words; [0] is the keyword
  std::string raw;          // the statement as written, for shell-like words
  Position where;           // of the keyword
  bool has_block = false;
  std::vector<Statement> block;
  bool verbatim = true;

  [[nodiscard]] const std::string& keyword() const { return words.front().text; }
  // The word `index`, empty when there are fewer.
  [[nodiscard]] const std::string& word(std::size_t index) const;
  // Where word `index` stands; the keyword's place when there are fewer.
  [[nodiscard]] Position place(std::size_t index) const;
};

// Problems with braces are reported as keepalived treats them: it goes on. A keyword that always
// opens a block but has no `{` is taken as if it had one.
std::vector<Statement> build_tree(const std::vector<Line>& lines, Diagnostics& diagnostics);

}  // namespace baton::config::keepalived
