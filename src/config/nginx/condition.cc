// Reading conditions.

#include "config/nginx/condition.h"

#include <fmt/format.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace baton::config::nginx {

namespace {

using Test = IfStep::Test;

class ConditionParser {
 public:
  ConditionParser(Reader& reader, const Directive& directive)
      : reader_(reader), directive_(directive) {}

  std::optional<IfStep> parse() {
    if (!take_brackets()) return std::nullopt;
    const std::string& first = words_[0].text;
    if (first.size() > 1 && first[0] == '$') return parse_variable();
    if (first.starts_with('-') || first.starts_with("!-")) return parse_file();
    return refuse(fmt::format("invalid condition \"{}\"", first), words_[0].index);
  }

 private:
  struct Part {
    std::string text;
    std::size_t index = 0;  // in the directive
  };

  std::nullopt_t refuse(std::string message, std::size_t index) {
    reader_.error(directive_, index, std::move(message));
    return std::nullopt;
  }

  // Fills words_ with what stands between the brackets.
  bool take_brackets() {
    for (std::size_t i = 1; i <= directive_.count(); ++i) {
      words_.push_back({directive_.word(i), i});
    }
    if (!words_.front().text.starts_with('(')) {
      refuse(fmt::format("invalid condition \"{}\"", words_.front().text), 1);
      return false;
    }
    words_.front().text.erase(0, 1);
    if (words_.front().text.empty()) words_.erase(words_.begin());
    if (words_.empty() || !words_.back().text.ends_with(')')) {
      refuse(fmt::format("invalid condition \"{}\"", words_.empty() ? "" : words_.back().text),
             directive_.count());
      return false;
    }
    words_.back().text.pop_back();
    if (words_.back().text.empty()) words_.pop_back();
    if (!words_.empty() && !words_[0].text.empty()) return true;
    refuse("invalid condition \")\"", directive_.count());
    return false;
  }

  std::optional<IfStep> parse_variable() {
    IfStep step;
    const TemplateText text = reader_.compile_text(directive_, words_[0].index, words_[0].text);
    if (text.parts.size() == 1) step.variable = text.parts[0];
    if (step.variable.variable == Variable::capture) {
      // As in nginx a condition cannot begin with a group.
      return refuse(fmt::format("unknown \"{}\" variable", step.variable.index), words_[0].index);
    }
    if (words_.size() == 1) return step;
    const std::string& sign = words_[1].text;
    if (words_.size() != 3) {
      return refuse(fmt::format("invalid condition \"{}\"", words_[0].text), words_[0].index);
    }
    const Part& value = words_[2];
    step.negated = sign.starts_with('!');
    if (sign == "=" || sign == "!=") {
      step.test = Test::equal;
      step.operand = reader_.compile_text(directive_, value.index, value.text);
      return step;
    }
    if (sign == "~" || sign == "~*" || sign == "!~" || sign == "!~*") {
      step.test = Test::regex;
      step.ignore_case = sign.ends_with('*');
      step.pattern = value.text;
      if (!reader_.check_regex(directive_, value.index, value.text, step.ignore_case)) {
        return std::nullopt;
      }
      return step;
    }
    return refuse(fmt::format("unexpected \"{}\" in condition", sign), words_[1].index);
  }

  std::optional<IfStep> parse_file() {
    static constexpr std::array<std::pair<std::string_view, Test>, 4> tests{
        {{"-f", Test::file}, {"-d", Test::folder}, {"-e", Test::exists}, {"-x", Test::executable}}};
    std::string_view sign = words_[0].text;
    IfStep step;
    if (words_.size() != 2) {
      return refuse(fmt::format("invalid condition \"{}\"", words_[0].text), words_[0].index);
    }
    step.negated = sign.starts_with('!');
    if (step.negated) sign.remove_prefix(1);
    for (const auto& [word, test] : tests) {
      if (sign != word) continue;
      step.test = test;
      step.operand = reader_.compile_text(directive_, words_[1].index, words_[1].text);
      return step;
    }
    return refuse(fmt::format("invalid condition \"{}\"", words_[0].text), words_[0].index);
  }

  Reader& reader_;
  const Directive& directive_;
  std::vector<Part> words_;
};

}  // namespace

std::optional<IfStep> parse_condition(Reader& reader, const Directive& directive) {
  return ConditionParser(reader, directive).parse();
}

}  // namespace baton::config::nginx
