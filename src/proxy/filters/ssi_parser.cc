// Cutting text, and holding commands against what nginx knows.

#include "proxy/filters/ssi_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace baton::proxy {

namespace {

constexpr std::string_view opening = "<!--#";
constexpr std::string_view closing = "-->";
constexpr std::size_t parameters_max = 16;
// A command that has not ended by then is no command.
constexpr std::size_t command_bytes_max = 65536;

struct KnownParameter {
  std::string_view name;
  bool mandatory = false;
};
struct KnownCommand {
  std::string_view name;
  std::array<KnownParameter, 5> parameters{};
};
constexpr std::array<KnownCommand, 10> known_commands{{
    {"include", {{{"virtual"}, {"file"}, {"wait"}, {"set"}, {"stub"}}}},
    {"echo", {{{"var", true}, {"default"}, {"encoding"}}}},
    {"config", {{{"errmsg"}, {"timefmt"}}}},
    {"set", {{{"var", true}, {"value", true}}}},
    {"if", {{{"expr", true}}}},
    {"elif", {{{"expr", true}}}},
    {"else", {}},
    {"endif", {}},
    {"block", {{{"name", true}}}},
    {"endblock", {}},
}};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void skip_spaces(std::string_view& text) {
  while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
}

std::string_view take_word(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() && !is_space(text[length]) && text[length] != '=') ++length;
  const std::string_view word = text.substr(0, length);
  text.remove_prefix(length);
  return word;
}

// How many bytes at the end of `text` could be the start of a command.
std::size_t opening_at_end(std::string_view text) {
  for (std::size_t size = std::min(text.size(), opening.size() - 1); size > 0; --size) {
    if (opening.starts_with(text.substr(text.size() - size))) return size;
  }
  return 0;
}

// What is wrong with the parameters of a command; empty: nothing.
std::string check_parameters(const KnownCommand& known, const SsiPiece& piece) {
  for (const SsiParameter& parameter : piece.parameters) {
    const auto is_it = [&](const KnownParameter& one) { return one.name == parameter.name; };
    if (parameter.name.empty() || std::ranges::none_of(known.parameters, is_it)) {
      return fmt::format("invalid parameter name: \"{}\" in \"{}\" SSI command", parameter.name,
                         known.name);
    }
    if (std::ranges::count(piece.parameters, parameter.name, &SsiParameter::name) > 1) {
      return fmt::format("duplicate \"{}\" parameter in \"{}\" SSI command", parameter.name,
                         known.name);
    }
  }
  for (const KnownParameter& parameter : known.parameters) {
    if (!parameter.mandatory || piece.find(parameter.name)) continue;
    return fmt::format("mandatory \"{}\" parameter is absent in \"{}\" SSI command", parameter.name,
                       known.name);
  }
  return {};
}

}  // namespace

const std::string* SsiPiece::find(std::string_view parameter) const {
  const auto found = std::ranges::find(parameters, parameter, &SsiParameter::name);
  return found == parameters.end() ? nullptr : &found->value;
}

void SsiParser::feed(std::string_view bytes) {
  bytes_.erase(0, start_);
  start_ = 0;
  bytes_.append(bytes);
}

// Where the command that begins at `from` ends, its closing included; npos: not yet.
std::size_t SsiParser::find_end(std::size_t from) const {
  char quote = '\0';
  for (std::size_t i = from + opening.size(); i < bytes_.size(); ++i) {
    const char c = bytes_[i];
    if (quote != '\0') {
      if (c == '\\') {
        ++i;
      } else if (c == quote) {
        quote = '\0';
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '-' && std::string_view(bytes_).substr(i).starts_with(closing)) {
      return i + closing.size();
    }
  }
  return std::string::npos;
}

SsiPiece SsiParser::take_text(std::size_t count) {
  SsiPiece piece;
  if (count == 0) return piece;
  piece.kind = SsiPiece::Kind::text;
  piece.text = std::string_view(bytes_).substr(start_, count);
  start_ += count;
  return piece;
}

SsiPiece SsiParser::next(bool at_end) {
  const std::string_view left = std::string_view(bytes_).substr(start_);
  const std::size_t found = left.find(opening);
  if (found == std::string_view::npos) {
    return take_text(left.size() - (at_end ? 0 : opening_at_end(left)));
  }
  if (found > 0) return take_text(found);
  const std::size_t end = find_end(start_);
  if (end == std::string::npos) {
    if (at_end || left.size() > command_bytes_max) return take_text(left.size());
    return {};
  }
  SsiPiece piece;
  piece.text = left.substr(0, end - start_);
  start_ = end;
  parse_command(
      piece.text.substr(opening.size(), piece.text.size() - opening.size() - closing.size()),
      piece);
  piece.kind = piece.problem.empty() ? SsiPiece::Kind::command : SsiPiece::Kind::broken;
  return piece;
}

void SsiParser::parse_command(std::string_view inside, SsiPiece& piece) const {
  skip_spaces(inside);
  piece.name = take_word(inside);
  const auto* known = std::ranges::find(known_commands, piece.name, &KnownCommand::name);
  if (known == known_commands.end()) {
    piece.problem = fmt::format("invalid SSI command: \"{}\"", piece.name);
    return;
  }
  for (skip_spaces(inside); !inside.empty(); skip_spaces(inside)) {
    SsiParameter parameter;
    parameter.name = take_word(inside);
    skip_spaces(inside);
    if (!inside.starts_with('=')) {
      piece.problem = fmt::format(
          "unexpected \"{}\" symbol after \"{}\" parameter in \"{}\" SSI "
          "command",
          inside.substr(0, 1), parameter.name, piece.name);
      return;
    }
    inside.remove_prefix(1);
    skip_spaces(inside);
    const char quote = inside.empty() ? '\0' : inside[0];
    if (quote != '"' && quote != '\'') {
      piece.problem = fmt::format(
          "unexpected \"{}\" symbol before value of \"{}\" parameter in "
          "\"{}\" SSI command",
          inside.substr(0, 1), parameter.name, piece.name);
      return;
    }
    std::size_t end = 1;
    while (end < inside.size() && inside[end] != quote) end += inside[end] == '\\' ? 2 : 1;
    end = std::min(end, inside.size());
    parameter.value = inside.substr(1, end - 1);
    inside.remove_prefix(std::min(end + 1, inside.size()));
    if (parameter.value.size() > value_bytes_max_) {
      piece.problem = fmt::format("too long \"{}\" value of \"{}\" parameter in \"{}\" SSI command",
                                  parameter.value, parameter.name, piece.name);
      return;
    }
    piece.parameters.push_back(std::move(parameter));
    if (piece.parameters.size() > parameters_max) {
      piece.problem = fmt::format("too many SSI command parameters: \"{}\"", piece.name);
      return;
    }
  }
  piece.problem = check_parameters(*known, piece);
}

}  // namespace baton::proxy
