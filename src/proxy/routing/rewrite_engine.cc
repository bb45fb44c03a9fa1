// The steps of a program, one after another; only `if` jumps, and only forward.

#include "proxy/routing/rewrite_engine.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "config/model/rewrite.h"
#include "proxy/files/file_access.h"
#include "proxy/logs/error_log.h"
#include "proxy/routing/return_action.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using config::IfStep;
using config::RewriteStep;
using config::SetStep;
using config::TextPart;
using config::Variable;

constexpr auto argument_escapes = [] {
  std::array<bool, 256> escapes{};
  for (unsigned c = 0; c < 256; ++c) escapes[c] = c <= 0x20 || c >= 0x7f;
  for (const char c :
       {'"', '#', '%', '&', '+', ';', '<', '>', '?', '\\', '^', '`', '{', '|', '}'}) {
    escapes[static_cast<unsigned char>(c)] = true;
  }
  return escapes;
}();

// Bytes with units k and m, as sizes in the configuration have them.
std::optional<std::uint64_t> parse_rate(std::string_view text) {
  std::uint64_t unit = 1;
  if (!text.empty() && to_lower(text.back()) == 'k') unit = 1024;
  if (!text.empty() && to_lower(text.back()) == 'm') unit = 1024 * 1024;
  if (unit > 1) text.remove_suffix(1);
  const auto number = parse_unsigned(text, UINT64_MAX / unit / 2);
  if (!number) return std::nullopt;
  return *number * unit;
}

class RewriteEngine {
 public:
  RewriteEngine(Request& request, const config::RewriteProgram& program,
                const std::vector<Regex>& patterns)
      : request_(request),
        program_(program),
        patterns_(patterns),
        logs_(request_.location->rewrite_log) {}

  RewriteEnd run() {
    std::size_t next = 0;
    while (next < program_.steps.size()) {
      const std::size_t present = next++;
      const config::ProgramStep& step = program_.steps[present];
      if (const auto* test = std::get_if<IfStep>(&step)) {
        next = run_if(*test, patterns_[present], present);
      } else if (const auto* set = std::get_if<SetStep>(&step)) {
        run_set(*set);
      } else if (const auto* rewrite = std::get_if<RewriteStep>(&step)) {
        if (run_rewrite(*rewrite, patterns_[present])) break;
      } else if (const auto* action = std::get_if<config::ReturnStep>(&step)) {
        end_.verdict = answer_return(request_, *action);
        break;
      } else {
        if (end_.search_again) request_.location_fits_uri = false;
        end_.search_again = false;
        break;
      }
    }
    return end_;
  }

 private:
  void log_at(LogLevel level, std::string_view message) {
    if (request_.error_log) request_.error_log->write(level, request_, message);
  }
  void log(std::string_view message) { log_at(LogLevel::notice, message); }

  // Captures are decoded text of the URI: where they become part of a query again, they are
  // escaped, if the client's URI was.
  void append_capture(std::string& into, const TextPart& part, bool escapes) {
    if (!escapes || request_.raw_path.find_first_of("%+") == std::string_view::npos) {
      append_variable(into, part, request_);
      return;
    }
    if (part.index < request_.captures.size()) {
      append_escaped_argument(into, request_.captures[part.index].text);
    }
  }

  std::string_view value_of(const config::TemplateText& text, bool escapes) {
    if (text.is_literal()) return text.literal();
    std::string value;
    for (const TextPart& part : text.parts) {
      if (part.variable == Variable::capture) {
        append_capture(value, part, escapes);
      } else {
        append_variable(value, part, request_);
      }
    }
    return request_.arena.store(value);
  }

  void run_set(const SetStep& step) {
    const std::string_view value = value_of(step.value, escapes_);
    if (step.variable.variable == Variable::defined) {
      request_.defined.assign(step.variable.index, value);
    } else if (step.variable.variable == Variable::args) {
      request_.args = value;
      request_.uri_changed = true;
    } else if (const auto rate = parse_rate(value)) {
      request_.limit_rate = rate;
    } else {
      log_at(LogLevel::error, fmt::format("invalid $limit_rate \"{}\"", value));
    }
  }

  std::string_view variable_value(const TextPart& part) {
    std::string value;
    append_variable(value, part, request_);
    return request_.arena.store(value);
  }

  bool matches(const Regex& regex, std::string_view pattern, std::string_view subject) {
    const bool found = regex.match(subject, request_);
    if (!found) request_.captures.clear();
    if (logs_) {
      log(fmt::format("\"{}\" {} \"{}\"", pattern, found ? "matches" : "does not match", subject));
    }
    return found;
  }

  bool test_path(const IfStep& step) {
    const std::string path(value_of(step.operand, escapes_));
    struct stat status{};
    if (const int failure = examine_file(request_, path, status); failure != 0) {
      if (failure != ENOENT && failure != ENOTDIR && failure != ENAMETOOLONG) {
        log_at(LogLevel::critical,
               fmt::format("stat() \"{}\" failed ({}: {})", path, failure, std::strerror(failure)));
      }
      return false;
    }
    switch (step.test) {
      case IfStep::Test::file:
        return S_ISREG(status.st_mode);
      case IfStep::Test::folder:
        return S_ISDIR(status.st_mode);
      case IfStep::Test::executable:
        return (status.st_mode & S_IXUSR) == S_IXUSR;
      default:
        return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) || S_ISLNK(status.st_mode);
    }
  }

  bool holds(const IfStep& step, const Regex& regex) {
    switch (step.test) {
      case IfStep::Test::truth: {
        const std::string_view value = variable_value(step.variable);
        return !value.empty() && value != "0";
      }
      case IfStep::Test::equal:
        return variable_value(step.variable) == value_of(step.operand, escapes_);
      case IfStep::Test::regex:
        return matches(regex, step.pattern, variable_value(step.variable));
      default:
        return test_path(step);
    }
  }

  std::size_t run_if(const IfStep& step, const Regex& regex, std::size_t present) {
    if (holds(step, regex) == step.negated) return step.otherwise;
    if (step.location != 0) {
      request_.location = &request_.server->locations[step.location];
      logs_ = request_.location->rewrite_log;
    }
    return present + 1;
  }

  // True when the program ends here.
  bool run_rewrite(const RewriteStep& step, const Regex& regex) {
    if (!matches(regex, step.pattern, request_.uri)) return false;
    if (step.redirect != 0) {
      redirect(step);
      return true;
    }
    request_.internal = true;
    request_.uri_changed = true;
    if (step.stays_here) request_.location_fits_uri = false;
    end_.search_again = !step.stays_here;
    change_uri(step);
    if (request_.uri.empty()) {
      log_at(LogLevel::error, "the rewritten URI has a zero length");
      end_.verdict = Verdict::error(500);
      return true;
    }
    escapes_ = false;
    return step.ends;
  }

  // The first "?" of the replacement's own text begins the arguments.
  void change_uri(const RewriteStep& step) {
    std::string text;
    std::size_t arguments_at = std::string::npos;
    for (const TextPart& part : step.replacement.parts) {
      if (part.variable == Variable::capture) {
        append_capture(text, part, arguments_at != std::string::npos);
        continue;
      }
      const std::size_t mark =
          part.variable == Variable::literal ? part.text.find('?') : std::string::npos;
      if (mark == std::string::npos || arguments_at != std::string::npos) {
        append_variable(text, part, request_);
        continue;
      }
      text.append(part.text, 0, mark);
      arguments_at = text.size();
      text.append(part.text, mark + 1);
    }
    const std::string_view whole = request_.arena.store(text);
    request_.uri = whole.substr(0, arguments_at);
    if (arguments_at == std::string::npos) {
      if (!step.adds_arguments) request_.args = {};
    } else {
      const std::string_view own = whole.substr(arguments_at);
      const bool adds = step.adds_arguments && !request_.args.empty();
      request_.args = adds ? request_.arena.join({own, "&", request_.args}) : own;
    }
    if (logs_) {
      log(fmt::format("rewritten data: \"{}\", args: \"{}\"", request_.uri, request_.args));
    }
  }

  void redirect(const RewriteStep& step) {
    std::string text = unescape_redirect(value_of(step.replacement, true));
    if (step.adds_arguments && !request_.args.empty()) {
      const auto& parts = step.replacement.parts;
      const bool has_mark = std::any_of(parts.begin(), parts.end(), [](const TextPart& part) {
        return part.variable == Variable::literal && part.text.find('?') != std::string::npos;
      });
      text.append(has_mark ? "&" : "?").append(request_.args);
    }
    if (logs_) log(fmt::format("rewritten redirect: \"{}\"", text));
    for (char& c : text) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    }
    request_.response.location = request_.arena.store(text);
    end_.verdict = Verdict::error(step.redirect);
  }

  Request& request_;
  const config::RewriteProgram& program_;
  const std::vector<Regex>& patterns_;
  bool logs_;
  // Until a rewrite has matched, captures in values are escaped as in a query (nginx's way).
  bool escapes_ = true;
  RewriteEnd end_;
};

}  // namespace

RewriteEnd run_rewrite_program(Request& request, const LocationPlan& plan) {
  return RewriteEngine(request, *plan.location->rewrite, plan.step_patterns).run();
}

void append_escaped_argument(std::string& into, std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (!argument_escapes[byte]) {
      into += c;
      continue;
    }
    into += '%';
    into += digits[byte >> 4];
    into += digits[byte & 15];
  }
}

std::string unescape_redirect(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '?') return result.append(text.substr(i));
    const int high = c == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    const int decoded = low >= 0 ? high << 4 | low : -1;
    if (decoded <= '%' || decoded >= 0x7f) {
      result += c;
      continue;
    }
    result += static_cast<char>(decoded);
    i += 2;
    if (decoded == '?') return result.append(text.substr(i + 1));
  }
  return result;
}

}  // namespace baton::proxy
