// Regular expressions of the configuration: checked when it is read, so that a wrong one is an
// error of the file and not of a request. Written for PCRE2, as in nginx.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace baton::config::nginx {

struct RegexCheck {
  std::string problem;                // in nginx's words; empty when it compiles
  std::vector<std::string> captures;  // names of its groups
  std::uint32_t groups = 0;           // named or not
};

RegexCheck check_pattern(std::string_view pattern, bool ignore_case);

}  // namespace baton::config::nginx
