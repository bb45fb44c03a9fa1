// The rewrite module: set, if, rewrite, break and return of one server or location, in the order
// of the file, as a small program that jumps forward only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "config/model/template_text.h"

namespace baton::config {

struct SetStep {
  TextPart variable;  // Variable::defined, or args or limit_rate
  TemplateText value;
};

struct RewriteStep {
  std::string pattern;
  TemplateText replacement;    // without the "?" that drops the arguments
  std::uint16_t redirect = 0;  // 301 or 302: to the client; 0: inside
  bool ends = false;           // last, break, redirect, permanent
  bool stays_here = false;     // break: no new search for a location
  bool adds_arguments = true;  // the request's go behind those of the replacement
};

struct IfStep {
  enum class Test : std::uint8_t { truth, equal, regex, file, folder, exists, executable };
  Test test = Test::truth;
  bool negated = false;
  bool ignore_case = false;
  TextPart variable;     // truth, equal, regex
  TemplateText operand;  // equal: the value; regex: nothing; else the path
  std::string pattern;
  std::uint32_t location = 0;  // whose settings apply from here on; 0: the present ones
  std::size_t otherwise = 0;   // the step to go on with when the test fails
};

struct ReturnStep {
  std::uint16_t code = 200;
  TemplateText text;  // body, or the target of a redirect
};

struct BreakStep {};

using ProgramStep = std::variant<SetStep, RewriteStep, IfStep, ReturnStep, BreakStep>;

struct RewriteProgram {
  std::vector<ProgramStep> steps;
};

// limit_except: requests with other methods get the settings of another location.
struct MethodLimit {
  std::vector<std::string> methods;  // those that stay; GET stands for HEAD, too
  std::uint32_t location = 0;        // of the others
};

}  // namespace baton::config
