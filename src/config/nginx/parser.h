// Turns the words of nginx.conf into a tree of directives, with every `include` already replaced
// by what the included files say. What is wrong with the text (a brace too many, a missing file)
// stands in the tree as a directive of its own, so that all problems are told in file order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/nginx/lexer.h"
#include "config/source.h"

namespace baton::config::nginx {

struct Directive {
  std::vector<Word> words;  // the name first
  bool has_block = false;
  std::vector<Directive> block;
  std::shared_ptr<const std::string> file;  // null: the command line
  std::uint64_t sequence = 0;               // order over all files
  std::string problem;                      // set: not a directive but a problem of the text
  Word problem_place;

  [[nodiscard]] const std::string& name() const { return words[0].text; }
  // How many words follow the name.
  [[nodiscard]] std::size_t count() const { return words.size() - 1; }
  // The text of the word at `index`; 0 is the name.
  [[nodiscard]] const std::string& word(std::size_t index) const { return words[index].text; }
  [[nodiscard]] Position position(const Word& word) const {
    return {file, word.line, word.column, word.length};
  }
};

class Parser {
 public:
  // Relative names in `include` are looked for in `folder`, that of the main file.
  Parser(SourceTree& sources, std::string folder) : sources_(sources), folder_(std::move(folder)) {}

  // The main file. A file that cannot be read gives a tree of one problem.
  std::vector<Directive> parse_file(const std::string& path);
  // Text of `-g`.
  std::vector<Directive> parse_command_line(std::string_view text);

 private:
  struct OpenFile {
    Lexer lexer;
    std::shared_ptr<const std::string> path;
    bool end_told = false;  // that it ends in mid-block, for the innermost block only
  };

  void parse_into(std::vector<Directive>& into, OpenFile& file, std::size_t depth);
  bool add_statement(std::vector<Directive>& into, OpenFile& file, Statement statement,
                     std::size_t depth);
  void recover(OpenFile& file, Statement& statement, std::size_t depth);
  void add_problem(std::vector<Directive>& into, const std::shared_ptr<const std::string>& path,
                   const Word& place, std::string problem);
  void include(std::vector<Directive>& into, const Directive& directive, std::size_t depth);
  bool include_file(std::vector<Directive>& into, const std::string& path,
                    const Directive& directive, std::size_t depth);

  SourceTree& sources_;
  std::string folder_;
  std::vector<std::string> open_paths_;  // files being read now, outermost first
  std::size_t files_ = 0;
  std::uint64_t sequence_ = 0;
  bool too_large_ = false;
};

// Shell wildcards that make an `include` a pattern.
bool is_pattern(std::string_view path);

}  // namespace baton::config::nginx
