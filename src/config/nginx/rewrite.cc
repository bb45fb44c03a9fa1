// The rewrite module: if, set, rewrite, break, return. They are read wherever they stand and make
// one program of their server or location, in the order of the text (config/model/rewrite.h).
//
// An `if` of a location is a location of its own, too: a copy of the one around it that its
// settings change. It has the outer one's content handler unless it names its own. An `if` of a
// server changes no settings.

#include "config/nginx/rewrite.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/model/rewrite.h"
#include "config/nginx/condition.h"
#include "config/nginx/finish_location.h"
#include "config/nginx/setters.h"
#include "config/nginx/topics.h"

namespace baton::config::nginx {

namespace {

constexpr std::uint16_t moved_permanently = 301;
constexpr std::uint16_t moved_temporarily = 302;

bool is_redirect_target(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") || text.starts_with("$scheme");
}

void add_line(Reader& reader, const Directive& directive, ProgramStep step) {
  reader.level().rewrite_lines.push_back({directive.sequence, std::move(step), {}});
}

// "return CODE", "return CODE TEXT" or "return URL".
void read_return(Reader& reader, const Directive& directive) {
  ReturnStep step;
  const auto code = parse_number(directive.word(1));
  if (code && *code <= 999) {
    step.code = static_cast<std::uint16_t>(*code);
    if (directive.count() == 2) step.text = reader.compile(directive, 2);
  } else if (code || directive.count() == 2 || !is_redirect_target(directive.word(1))) {
    return reader.error(directive, 1, fmt::format("invalid return code \"{}\"", directive.word(1)));
  } else {
    step.code = moved_temporarily;
    step.text = reader.compile(directive, 1);
  }
  const bool reached = std::ranges::none_of(
      reader.level().rewrite_lines,
      [](const RewriteLine& line) { return std::holds_alternative<ReturnStep>(line.step); });
  if (!reached) {
    return reader.warning(directive, 0, "this \"return\" is never reached: one comes before it");
  }
  add_line(reader, directive, std::move(step));
}

void read_set(Reader& reader, const Directive& directive) {
  auto variable = reader.defined_variable(directive, 1);
  if (!variable) return;
  add_line(reader, directive, SetStep{std::move(*variable), reader.compile(directive, 2)});
}

void read_break(Reader& reader, const Directive& directive) {
  add_line(reader, directive, BreakStep{});
}

// last | break | redirect | permanent
bool read_flag(Reader& reader, const Directive& directive, RewriteStep& step) {
  const std::string& flag = directive.word(3);
  step.ends = true;
  if (flag == "redirect") {
    step.redirect = moved_temporarily;
  } else if (flag == "permanent") {
    step.redirect = moved_permanently;
  } else if (flag == "break") {
    step.stays_here = true;
  } else if (flag != "last") {
    reader.error(directive, 3, fmt::format("invalid parameter \"{}\"", flag));
    return false;
  }
  return true;
}

void read_rewrite(Reader& reader, const Directive& directive) {
  RewriteStep step;
  step.pattern = directive.word(1);
  if (!reader.check_regex(directive, 1, step.pattern, false)) return;
  std::string_view replacement = directive.word(2);
  if (replacement.empty()) return reader.error(directive, 2, "empty replacement");
  if (is_redirect_target(replacement)) {
    step.redirect = moved_temporarily;
    step.ends = true;
  }
  if (directive.count() == 3 && !read_flag(reader, directive, step)) return;
  if (replacement.ends_with('?')) {
    replacement.remove_suffix(1);
    step.adds_arguments = false;
  }
  step.replacement = reader.compile_text(directive, 2, replacement);
  add_line(reader, directive, std::move(step));
}

void read_if(Reader& reader, const Directive& directive) {
  const bool on_server = reader.level().context == in_server;
  auto test = parse_condition(reader, directive);
  Level inner = reader.nested(on_server ? in_server_if : in_location_if);
  const Location& outer = reader.level().location;
  auto& locations = reader.proxy().servers[inner.server_index].locations;
  std::uint32_t index = 0;
  if (!on_server) {
    index = static_cast<std::uint32_t>(locations.size());
    locations.emplace_back();
    inner.location_index = index;
  }
  const Reader::Blocks blocks = reader.read_settings(directive.block, inner);
  if (!on_server) {
    finish_location(reader, inner);
    inherit_handler(outer, inner.location);
    reader.proxy().servers[inner.server_index].locations[index] = inner.location;
  }
  reader.read_levels(blocks, inner);
  if (!test) return;
  test->location = index;
  reader.level().rewrite_lines.push_back(
      {directive.sequence, std::move(*test), std::move(inner.rewrite_lines)});
}

// Lines in the order of the text, the steps of an `if` behind it.
void flatten(std::vector<RewriteLine>& lines, std::vector<ProgramStep>& steps) {
  std::ranges::sort(lines, {}, &RewriteLine::sequence);
  for (RewriteLine& line : lines) {
    steps.push_back(std::move(line.step));
    const std::size_t place = steps.size() - 1;
    flatten(line.inside, steps);
    if (auto* test = std::get_if<IfStep>(&steps[place])) test->otherwise = steps.size();
  }
}

constexpr auto anywhere = in_server | in_location | in_server_if | in_location_if;
constexpr auto settings = in_http_server_location | in_server_if | in_location_if;

constexpr Rule rules[] = {
    supported("return", anywhere, take12, read_return),
    level("if", in_server | in_location, take1_or_more, read_if),
    supported("set", anywhere, take2, read_set),
    supported("rewrite", anywhere, take23, read_rewrite),
    supported("break", anywhere, take0, read_break),
    supported("rewrite_log", settings, take_switch, set_switch<&Location::rewrite_log>),
    supported("uninitialized_variable_warn", settings, take_switch,
              set_switch<&Location::uninitialized_variable_warn>),
};

}  // namespace

std::shared_ptr<const RewriteProgram> make_program(Level& level) {
  if (level.rewrite_lines.empty()) return nullptr;
  auto program = std::make_shared<RewriteProgram>();
  flatten(level.rewrite_lines, program->steps);
  level.rewrite_lines.clear();
  return program;
}

std::span<const Rule> rewrite_rules() {
  return rules;
}

}  // namespace baton::config::nginx
