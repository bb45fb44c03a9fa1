// Words to a tree of directives, with includes put in.

#include "config/nginx/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace baton::config::nginx {

namespace {

// Bounds far above any real configuration, so that hostile text ends quickly.
constexpr std::size_t depth_max = 64;
constexpr std::size_t nested_files_max = 32;
constexpr std::size_t files_max = 100000;
constexpr std::uint64_t directives_max = 5000000;

constexpr std::string_view file_end_message = "unexpected end of file, expecting \";\" or \"}\"";
constexpr std::string_view command_line_end_message =
    "unexpected end of parameter, expecting \";\"";

}  // namespace

bool is_pattern(std::string_view path) {
  return path.find_first_of("*?[") != std::string_view::npos;
}

std::vector<Directive> Parser::parse_file(const std::string& path) {
  std::vector<Directive> directives;
  const auto text = sources_.read(path);
  const auto name = std::make_shared<const std::string>(path);
  if (!text) {
    add_problem(directives, nullptr, {},
                fmt::format("open() \"{}\" failed ({}: {})", path, text.error().errno_value,
                            std::strerror(text.error().errno_value)));
    return directives;
  }
  open_paths_.push_back(path);
  OpenFile file{Lexer(*text, file_end_message), name, false};
  parse_into(directives, file, 0);
  open_paths_.pop_back();
  return directives;
}

std::vector<Directive> Parser::parse_command_line(std::string_view text) {
  std::vector<Directive> directives;
  OpenFile file{Lexer(text, command_line_end_message), nullptr, false};
  parse_into(directives, file, 0);
  return directives;
}

void Parser::add_problem(std::vector<Directive>& into,
                         const std::shared_ptr<const std::string>& path, const Word& place,
                         std::string problem) {
  Directive directive;
  directive.file = path;
  directive.problem = std::move(problem);
  directive.problem_place = place;
  directive.sequence = ++sequence_;
  into.push_back(std::move(directive));
}

// Reads statements up to the end of the block (depth > 0) or of the file.
void Parser::parse_into(std::vector<Directive>& into, OpenFile& file, std::size_t depth) {
  while (true) {
    Statement statement = file.lexer.next();
    switch (statement.end) {
      case Statement::End::block_end:
        if (depth > 0) return;
        add_problem(into, file.path, statement.problem_place, "unexpected \"}\"");
        break;
      case Statement::End::file_end:
        if (statement.problem.empty() && depth > 0) {
          statement.problem = "unexpected end of file, expecting \"}\"";
          statement.problem_place = file.lexer.here();
        }
        if (!statement.problem.empty() && !std::exchange(file.end_told, true)) {
          add_problem(into, file.path, statement.problem_place, std::move(statement.problem));
        }
        return;
      default:
        if (!add_statement(into, file, std::move(statement), depth)) return;
    }
  }
}

// After a problem, reads the statement on as it was probably meant, so that one slip gives one
// message: "x" right behind a quote starts a word, a "}" in mid-statement ends it, and the block
// of a lone "{" is read over.
void Parser::recover(OpenFile& file, Statement& statement, std::size_t depth) {
  const bool at_brace = statement.problem == "unexpected \"}\"";
  if (statement.problem == "unexpected \"{\"" && depth < depth_max) {
    std::vector<Directive> dropped;
    parse_into(dropped, file, depth + 1);
  }
  if (at_brace) statement.end = Statement::End::semicolon;
  while (statement.end == Statement::End::problem && !statement.words.empty()) {
    Statement rest = file.lexer.next();
    for (Word& word : rest.words) statement.words.push_back(std::move(word));
    // The end of the file is met again, and told, by the caller.
    statement.end = rest.end == Statement::End::block_start ? rest.end
                    : rest.problem == "unexpected \"}\"" || rest.end != Statement::End::problem
                        ? Statement::End::semicolon
                        : rest.end;
  }
}

// False when reading must stop: a bound was reached.
bool Parser::add_statement(std::vector<Directive>& into, OpenFile& file, Statement statement,
                           std::size_t depth) {
  if (too_large_) return false;
  if (sequence_ > directives_max) {
    too_large_ = true;
    add_problem(into, file.path, file.lexer.here(), "the configuration is too large");
    return false;
  }
  if (statement.end == Statement::End::problem) {
    add_problem(into, file.path, statement.problem_place, statement.problem);
    recover(file, statement, depth);
    if (statement.words.empty()) return true;
  }
  Directive directive;
  directive.words = std::move(statement.words);
  directive.file = file.path;
  directive.sequence = ++sequence_;
  directive.has_block = statement.end == Statement::End::block_start;
  if (directive.has_block) {
    if (depth >= depth_max) {
      add_problem(into, file.path, directive.words[0], "blocks are nested too deeply");
      return false;
    }
    parse_into(directive.block, file, depth + 1);
  } else if (directive.name() == "include" && directive.count() == 1) {
    include(into, directive, depth);
    return true;
  }
  into.push_back(std::move(directive));
  return true;
}

void Parser::include(std::vector<Directive>& into, const Directive& directive, std::size_t depth) {
  std::string path = directive.word(1);
  if (!path.starts_with('/')) path = folder_ + "/" + path;
  if (!is_pattern(path)) {
    include_file(into, path, directive, depth);
    return;
  }
  for (const std::string& match : sources_.glob(path)) {
    if (!include_file(into, match, directive, depth)) return;
  }
}

// An included file must be whole in itself: its braces pair up within it.
bool Parser::include_file(std::vector<Directive>& into, const std::string& path,
                          const Directive& directive, std::size_t depth) {
  const auto refuse = [&](std::string problem) {
    add_problem(into, directive.file, directive.words[1], std::move(problem));
    return false;
  };
  if (std::ranges::find(open_paths_, path) != open_paths_.end()) {
    return refuse(fmt::format("\"{}\" includes itself", path));
  }
  if (open_paths_.size() >= nested_files_max || depth >= depth_max) {
    return refuse("files are included too deeply");
  }
  if (++files_ > files_max) {
    if (!too_large_) refuse("too many files are included");
    too_large_ = true;
    return false;
  }
  const auto text = sources_.read(path);
  if (!text) {
    refuse(fmt::format("open() \"{}\" failed ({}: {})", path, text.error().errno_value,
                       std::strerror(text.error().errno_value)));
    return true;
  }
  open_paths_.push_back(path);
  OpenFile file{Lexer(*text, file_end_message), std::make_shared<const std::string>(path), false};
  parse_into(into, file, 0);
  open_paths_.pop_back();
  return true;
}

}  // namespace baton::config::nginx
