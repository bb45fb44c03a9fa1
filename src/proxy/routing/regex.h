// nginx's regular expressions: PCRE2, compiled once, with JIT, and matched from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/request.h"

struct pcre2_real_code_8;

namespace baton::proxy {

class Regex {
 public:
  // nullopt when PCRE2 does not accept the pattern (the configuration has been checked before, so
  // that is no ordinary case).
  static std::optional<Regex> compile(const std::string& pattern, bool ignore_case);

  // Matches anywhere in `subject`. On success `captures` holds the whole match and all groups
  // (empty text for those that took no part); they point into `subject`.
  [[nodiscard]] bool match(std::string_view subject, std::vector<Capture>& captures) const;
  // The same for a request: its captures, and the variables of named groups. `subject` lives as
  // long as the request does.
  [[nodiscard]] bool match(std::string_view subject, const Request& request) const;

  // Ties named groups to variables: `place` gives the place of a name, -1 where there is none.
  void bind(const std::function<std::int32_t(std::string_view)>& place);

 private:
  struct CodeDeleter {
    void operator()(pcre2_real_code_8* code) const;
  };
  std::unique_ptr<pcre2_real_code_8, CodeDeleter> code_;
  std::vector<std::string> names_;       // of groups, by number; "" for those without
  std::vector<std::int32_t> variables_;  // places of those names; empty when none is bound
};

}  // namespace baton::proxy
