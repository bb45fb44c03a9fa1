// Walks the tree of directives; the header tells how levels inherit.

#include "config/nginx/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "config/nginx/grammar.h"
#include "config/nginx/regex.h"
#include "config/nginx/value.h"
#include "config/nginx/variables.h"

namespace baton::config::nginx {

namespace {

constexpr std::size_t suggestions_max = 100;
constexpr std::size_t suggested_word_max = 64;

bool takes(std::uint32_t arguments, std::size_t count) {
  if ((arguments & take_any) != 0) return true;
  if ((arguments & take_switch) != 0) return count == 1;
  if ((arguments & take1_or_more) != 0 && count >= 1) return true;
  if ((arguments & take2_or_more) != 0 && count >= 2) return true;
  return count <= 7 && (arguments & (1U << count)) != 0;
}

std::string joined_arguments(const Directive& directive) {
  std::string text;
  for (std::size_t i = 1; i <= directive.count(); ++i) {
    if (i > 1) text += ' ';
    text += directive.word(i);
  }
  return text;
}

// `next` is the word that starts a line and looks like a directive of its own.
std::string semicolon_hint(const Directive& directive, std::size_t next) {
  return fmt::format("is a \";\" missing at the end of line {}?", directive.words[next - 1].line);
}

std::string with_hint(std::string_view word) {
  return word.empty() ? "" : fmt::format("did you mean \"{}\"?", word);
}

}  // namespace

void Reader::read(const std::vector<Directive>& tree) {
  variables.collect(tree);
  if (variables.too_many()) error_without_place("too many variables");
  Level main;
  read_block(tree, main);
  proxy_.variables = variables.all();
  // Of a file that cannot be read nothing more needs to be said.
  const bool unread = std::ranges::any_of(tree, [](const Directive& directive) {
    return !directive.problem.empty() && !directive.file && directive.problem_place.line == 0;
  });
  if (!has_events && !unread) error_without_place("no \"events\" section in configuration");
  report_unknown_variables();
}

bool Reader::seen_on_level(std::string_view name) const {
  return std::ranges::any_of(level_->seen, [&](const Rule* rule) { return rule->name == name; });
}

Level Reader::nested(Context context) const {
  // A program may be long, and belongs to its level alone: it is not copied.
  std::vector<RewriteLine> lines = std::move(level_->rewrite_lines);
  level_->rewrite_lines.clear();
  Level inner = *level_;
  level_->rewrite_lines = std::move(lines);
  inner.context = context;
  inner.seen.clear();
  inner.proxy_buffers = nullptr;
  inner.location.rewrite.reset();
  inner.location.limit_except.reset();
  inner.location.health_check.reset();
  inner.location.stub_status = false;
  inner.location.empty_gif = false;
  inner.location.fastcgi_pass = false;
  inner.location.proxy.reset();
  inner.location.try_files.clear();
  inner.location.children.clear();
  inner.access_log_off = false;
  return inner;
}

void Reader::read_block(const std::vector<Directive>& directives, Level& level) {
  read_levels(read_settings(directives, level), level);
}

Reader::Blocks Reader::read_settings(const std::vector<Directive>& directives, Level& level) {
  Blocks blocks;
  Level* const outer = level_;
  level_ = &level;
  for (const Directive& directive : directives) read_directive(directive, level, blocks);
  level_ = outer;
  return blocks;
}

void Reader::read_levels(const Blocks& blocks, Level& level) {
  Level* const outer = level_;
  for (const auto& [rule, directive] : blocks) {
    level_ = &level;
    rule->handler(*this, *directive);
  }
  level_ = outer;
}

void Reader::skip_block(const std::vector<Directive>& directives) {
  for (const Directive& directive : directives) {
    if (!directive.problem.empty()) add(directive, 0, Severity::error, directive.problem, "");
    skip_block(directive.block);
  }
}

bool Reader::check_value_line(const Directive& line) {
  if (!line.problem.empty()) {
    error(line, 0, line.problem);
    return false;
  }
  if (!line.has_block) return true;
  error(line, 0, "unexpected \"{\"");
  skip_block(line.block);
  return false;
}

// A suggestion compares the word with the whole grammar: only so many are made, and only for
// words that could be a misspelt one.
bool Reader::may_suggest(std::string_view word) {
  return word.size() <= suggested_word_max && ++suggestions_ <= suggestions_max;
}

const Rule* Reader::find_rule(const Directive& directive, const Level& level) {
  const auto& rules = rules_for(directive.name());
  for (const Rule* rule : rules) {
    if ((rule->contexts & level.context) != 0) return rule;
  }
  if (!rules.empty()) {
    error(directive, 0, fmt::format("\"{}\" directive is not allowed here", directive.name()));
    return nullptr;
  }
  const std::string_view near = !may_suggest(directive.name())
                                    ? std::string_view{}
                                    : closest_directive(directive.name(), level.context);
  error(directive, 0, fmt::format("unknown directive \"{}\"", directive.name()), with_hint(near));
  // A block that is only misspelt is read as what was meant, for the problems inside it.
  for (const Rule* rule : rules_for(near)) {
    if (directive.has_block && rule->is_level && (rule->contexts & level.context) != 0) return rule;
  }
  return nullptr;
}

void Reader::read_directive(const Directive& directive, Level& level, Blocks& blocks) {
  if (!directive.problem.empty()) {
    add(directive, 0, Severity::error, directive.problem, "");
    return;
  }
  const Rule* rule = find_rule(directive, level);
  if (rule == nullptr) {
    skip_block(directive.block);
    return;
  }
  if (!check_shape(*rule, directive, level, blocks)) return;
  first_on_level_ = std::ranges::find(level.seen, rule) == level.seen.end();
  const bool once = rule->value != Value::any || (rule->arguments & take_switch) != 0;
  if (first_on_level_) {
    level.seen.push_back(rule);
  } else if (once) {
    directive_error(directive, 0, "is duplicate");
    return;
  }
  if (rule->is_level) {
    blocks.emplace_back(rule, &directive);
    return;
  }
  const std::size_t found_before = findings_.size();
  const std::size_t errors_before = findings_.errors();
  if (check_value(*rule, directive)) apply(*rule, directive);
  const std::size_t next = missing_semicolon(directive, level);
  if (next == 0 || rule->support != Support::full) return;
  if (findings_.errors() == errors_before) {
    warning(directive, next,
            fmt::format("\"{}\" is an argument of \"{}\" here: {}", directive.word(next),
                        rule->name, semicolon_hint(directive, next)));
    return;
  }
  // The first message tells it; those of the words after it would only repeat it.
  findings_.cut(found_before + 1, semicolon_hint(directive, next));
  read_repaired(directive, next, level, blocks);
}

// Block or not, and the number of arguments. A forgotten ";" shows itself here: the next line's
// directive is then read on its own, so that one slip gives one message.
bool Reader::check_shape(const Rule& rule, const Directive& directive, Level& level,
                         Blocks& blocks) {
  const bool is_block = (rule.arguments & block) != 0;
  std::string problem;
  if (!is_block && directive.has_block) {
    problem = fmt::format("directive \"{}\" is not terminated by \";\"", rule.name);
  } else if (is_block && !directive.has_block) {
    problem = fmt::format("directive \"{}\" has no opening \"{{\"", rule.name);
  } else if (!takes(rule.arguments, directive.count())) {
    problem = fmt::format("invalid number of arguments in \"{}\" directive", rule.name);
  } else {
    return true;
  }
  const std::size_t next = missing_semicolon(directive, level);
  error(directive, 0, problem, next == 0 ? "" : semicolon_hint(directive, next));
  if (next != 0) {
    read_repaired(directive, next, level, blocks);
  } else {
    skip_block(directive.block);
  }
  return false;
}

// The first word that starts a line and names a directive that may stand here; 0: none.
std::size_t Reader::missing_semicolon(const Directive& directive, const Level& level) const {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    const Word& word = directive.words[i];
    if (word.quoted || word.line == directive.words[i - 1].line) continue;
    for (const Rule* rule : rules_for(word.text)) {
      if ((rule->contexts & level.context) != 0) return i;
    }
  }
  return 0;
}

void Reader::read_repaired(const Directive& directive, std::size_t from, Level& level,
                           Blocks& blocks) {
  Directive& rest = repaired_.emplace_back(directive);
  rest.words.erase(rest.words.begin(), rest.words.begin() + static_cast<std::ptrdiff_t>(from));
  read_directive(rest, level, blocks);
}

bool Reader::check_value(const Rule& rule, const Directive& directive) {
  if ((rule.arguments & take_switch) != 0 && !parse_switch(directive.word(1))) {
    error(directive, 1,
          fmt::format("invalid value \"{}\" in \"{}\" directive, it must be \"on\" or \"off\"",
                      directive.word(1), rule.name));
    return false;
  }
  if (rule.support == Support::full) return true;  // the handler parses, and knows the bounds
  const auto check = [&](bool valid, std::string_view problem) {
    if (!valid) directive_error(directive, 1, problem);
    return valid;
  };
  switch (rule.value) {
    case Value::number:
      return check(parse_number(directive.word(1)).has_value(), "invalid number");
    case Value::size:
      return check(parse_size(directive.word(1)).has_value(), "invalid value");
    case Value::offset:
      return check(parse_offset(directive.word(1)).has_value(), "invalid value");
    case Value::milliseconds:
      return check(parse_milliseconds(directive.word(1)).has_value(), "invalid value");
    case Value::seconds:
      return check(parse_seconds(directive.word(1)).has_value(), "invalid value");
    case Value::buffers:
      return check(parse_number(directive.word(1)).value_or(0) > 0 &&
                       parse_size(directive.word(2)).value_or(0) > 0,
                   "invalid value");
    default:
      return true;
  }
}

void Reader::apply(const Rule& rule, const Directive& directive) {
  switch (rule.support) {
    case Support::full:
      rule.handler(*this, directive);
      return;
    case Support::no_effect:
      note_no_effect(directive, rule.reason);
      skip_block(directive.block);
      return;
    case Support::only_value:
      if (joined_arguments(directive) == rule.accepted) return;
      error(directive, 0,
            fmt::format("directive \"{} {}\" of nginx is not supported by baton (only \"{}\" is)",
                        rule.name, joined_arguments(directive), rule.accepted));
      return;
    case Support::refused:
      error(directive, 0,
            fmt::format("directive \"{}\" of nginx is not supported by baton", rule.name));
      skip_block(directive.block);
  }
}

TemplateText Reader::compile(const Directive& directive, std::size_t index) {
  return compile_text(directive, index, directive.word(index));
}

TemplateText Reader::compile_text(const Directive& directive, std::size_t index,
                                  std::string_view text) {
  std::vector<TemplateProblem> problems;
  TemplateText result = compile_template(
      text, [this](std::string_view name) { return variables.find(name); }, problems);
  for (const TemplateProblem& problem : problems) {
    switch (problem.kind) {
      case TemplateProblem::Kind::invalid_name:
        error(directive, index, "invalid variable name");
        break;
      case TemplateProblem::Kind::missing_bracket:
        error(directive, index,
              fmt::format("the closing bracket in \"{}\" variable is missing", problem.name));
        break;
      case TemplateProblem::Kind::not_offered:
        if (variables.is_refused(problem.name)) break;
        error(directive, index,
              fmt::format("variable \"${}\" of nginx is not supported by baton", problem.name));
        break;
      case TemplateProblem::Kind::unknown:
        unknown_variables_.push_back({&directive, index, problem.name});
    }
  }
  return result;
}

void Reader::report_unknown_variables() {
  for (const UnknownVariable& unknown : unknown_variables_) {
    // The directive that makes it has been refused already: one message is enough.
    if (variables.is_refused(unknown.name)) continue;
    const std::string_view near =
        !may_suggest(unknown.name) ? std::string_view{} : closest_variable(unknown.name);
    error(*unknown.directive, unknown.index, fmt::format("unknown \"{}\" variable", unknown.name),
          near.empty() ? "" : fmt::format("did you mean \"${}\"?", near));
  }
}

std::optional<TextPart> Reader::defined_variable(const Directive& directive, std::size_t index) {
  const std::string& word = directive.word(index);
  if (!word.starts_with('$') || word.size() < 2) {
    error(directive, index, fmt::format("invalid variable name \"{}\"", word));
    return std::nullopt;
  }
  const std::string name = lowered(std::string_view(word).substr(1));
  if (const auto place = variables.find(name)) return TextPart{Variable::defined, name, *place};
  if (is_set_in_place(name)) return built_in_part(name);
  error(directive, index, fmt::format("the duplicate \"{}\" variable", name));
  return std::nullopt;
}

bool Reader::check_regex(const Directive& directive, std::size_t index, std::string_view pattern,
                         bool ignore_case) {
  RegexCheck check = check_pattern(pattern, ignore_case);
  if (check.problem.empty()) {
    for (const std::string& written : check.captures) {
      const std::string name = lowered(written);
      if (!is_built_in(name) || is_changeable(name)) continue;
      check.problem = fmt::format("the duplicate \"{}\" variable", name);
    }
  }
  if (check.problem.empty()) return true;
  error(directive, index, std::move(check.problem));
  return false;
}

std::vector<net::IpAddress> Reader::find_host(const AddressText& text) {
  if (text.address) return {*text.address};
  return hosts_.find(text.host);
}

ErrorLog Reader::default_error_log() const {
  ErrorLog log;
  log.path = options_.error_log.empty()       ? "/var/log/nginx/error.log"
             : options_.error_log == "stderr" ? "stderr"
                                              : full_path(options_.error_log);
  return log;
}

std::string Reader::full_path(std::string_view path) const {
  if (path.starts_with('/')) return std::string(path);
  std::string full = options_.prefix;
  if (!full.ends_with('/')) full += '/';
  return full += path;
}

void Reader::add(const Directive& directive, std::size_t index, Severity severity,
                 std::string message, std::string suggestion) {
  const Word& word = directive.problem.empty() ? directive.words[std::min(index, directive.count())]
                                               : directive.problem_place;
  if (!directive.file && word.line > 0) message += " in command line";
  findings_.add(directive.sequence, {severity, directive.position(word), std::move(message),
                                     std::move(suggestion), false});
}

void Reader::error(const Directive& directive, std::size_t index, std::string message,
                   std::string suggestion) {
  add(directive, index, Severity::error, std::move(message), std::move(suggestion));
}

void Reader::warning(const Directive& directive, std::size_t index, std::string message) {
  add(directive, index, Severity::warning, std::move(message), "");
}

void Reader::note(const Directive& directive, std::size_t index, std::string message) {
  add(directive, index, Severity::note, std::move(message), "");
}

void Reader::note_once(const Directive& directive, const std::string& key, std::string message) {
  if (notes_told_.insert(key).second) note(directive, 0, std::move(message));
}

void Reader::note_no_effect(const Directive& directive, std::string_view reason) {
  std::string message = fmt::format("directive \"{}\" has no effect in baton", directive.name());
  if (!reason.empty()) message += fmt::format(": {}", reason);
  note_once(directive, directive.name(), std::move(message));
}

void Reader::directive_error(const Directive& directive, std::size_t index,
                             std::string_view problem) {
  error(directive, index, fmt::format("\"{}\" directive {}", directive.name(), problem));
}

void Reader::warn_at(const Position& where, std::string message) {
  findings_.add(UINT64_MAX, {Severity::warning, where, std::move(message), "", false});
}

void Reader::error_without_place(std::string message) {
  findings_.add(UINT64_MAX, {Severity::error, {}, std::move(message), "", false});
}

}  // namespace baton::config::nginx
