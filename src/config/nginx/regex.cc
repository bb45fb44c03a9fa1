// Compiles a pattern to see whether it can be, and what names it captures.

#define PCRE2_CODE_UNIT_WIDTH 8
#include "config/nginx/regex.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <cstring>
#include <memory>

namespace baton::config::nginx {

namespace {

std::vector<std::string> group_names(const pcre2_code* code) {
  std::uint32_t count = 0;
  std::uint32_t entry_bytes = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &entry_bytes);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, static_cast<void*>(&table));
  std::vector<std::string> names;
  names.reserve(count);
  // Each entry is the group's number in two bytes and its name with a zero byte.
  for (std::uint32_t i = 0; i < count; ++i) {
    names.emplace_back(reinterpret_cast<const char*>(table + std::size_t{i} * entry_bytes + 2));
  }
  return names;
}

}  // namespace

RegexCheck check_pattern(std::string_view pattern, bool ignore_case) {
  RegexCheck check;
  int error = 0;
  PCRE2_SIZE offset = 0;
  const std::unique_ptr<pcre2_code, decltype(&pcre2_code_free)> code(
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                    ignore_case ? PCRE2_CASELESS : 0, &error, &offset, nullptr),
      &pcre2_code_free);
  if (code) {
    check.captures = group_names(code.get());
    pcre2_pattern_info(code.get(), PCRE2_INFO_CAPTURECOUNT, &check.groups);
    return check;
  }
  char text[128] = "";
  pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(text), sizeof text);
  check.problem = offset >= pattern.size()
                      ? fmt::format("pcre2_compile() failed: {} in \"{}\"", text, pattern)
                      : fmt::format("pcre2_compile() failed: {} in \"{}\" at \"{}\"", text, pattern,
                                    pattern.substr(offset));
  return check;
}

}  // namespace baton::config::nginx
