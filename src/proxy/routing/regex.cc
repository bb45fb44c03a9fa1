// PCRE2 behind Regex.

#define PCRE2_CODE_UNIT_WIDTH 8
#include "proxy/routing/regex.h"

#include <pcre2.h>

namespace baton::proxy {

namespace {

// Most groups that a match can report; nginx's $1 to $9 and named ones fit easily.
constexpr std::uint32_t groups_max = 64;

struct MatchDataDeleter {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

// Matching needs scratch memory: one per thread.
pcre2_match_data* thread_match_data() {
  thread_local const std::unique_ptr<pcre2_match_data, MatchDataDeleter> data(
      pcre2_match_data_create(groups_max, nullptr));
  return data.get();
}

std::vector<std::string> group_names(const pcre2_code* code) {
  std::uint32_t count = 0;
  std::uint32_t names = 0;
  std::uint32_t entry_size = 0;
  PCRE2_SPTR table = nullptr;
  pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &count);
  pcre2_pattern_info(code, PCRE2_INFO_NAMECOUNT, &names);
  pcre2_pattern_info(code, PCRE2_INFO_NAMEENTRYSIZE, &entry_size);
  pcre2_pattern_info(code, PCRE2_INFO_NAMETABLE, static_cast<void*>(&table));
  std::vector<std::string> result(count + 1u);
  // Each entry: the group's number in two bytes, then its name with a NUL.
  for (std::uint32_t i = 0; i < names; ++i, table += entry_size) {
    const unsigned number = static_cast<unsigned>(table[0]) << 8 | table[1];
    if (number < result.size()) result[number] = reinterpret_cast<const char*>(table + 2);
  }
  return result;
}

}  // namespace

void Regex::CodeDeleter::operator()(pcre2_real_code_8* code) const {
  pcre2_code_free(code);
}

std::optional<Regex> Regex::compile(const std::string& pattern, bool ignore_case) {
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                   ignore_case ? PCRE2_CASELESS : 0, &error, &offset, nullptr);
  if (!code) return std::nullopt;
  // Without JIT (not built in) matching is slower and otherwise the same.
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  Regex regex;
  regex.code_.reset(code);
  regex.names_ = group_names(code);
  return regex;
}

bool Regex::match(std::string_view subject, std::vector<Capture>& captures) const {
  if (!code_) return false;
  pcre2_match_data* data = thread_match_data();
  const int matched = pcre2_match(code_.get(), reinterpret_cast<PCRE2_SPTR>(subject.data()),
                                  subject.size(), 0, 0, data, nullptr);
  if (matched < 0) return false;
  const PCRE2_SIZE* offsets = pcre2_get_ovector_pointer(data);
  captures.clear();
  for (std::size_t i = 0; i < names_.size() && i < groups_max; ++i) {
    const PCRE2_SIZE start = offsets[2 * i];
    const bool took_part = start != PCRE2_UNSET && (matched == 0 || i < std::size_t(matched));
    captures.push_back({names_[i],
                        took_part ? subject.substr(start, offsets[2 * i + 1] - start) : "",
                        variables_.empty() ? -1 : variables_[i]});
  }
  return true;
}

bool Regex::match(std::string_view subject, const Request& request) const {
  if (!match(subject, request.captures)) return false;
  if (variables_.empty()) return true;
  for (const Capture& capture : request.captures) {
    if (capture.variable < 0) continue;
    request.defined.assign(static_cast<std::size_t>(capture.variable), capture.text);
  }
  return true;
}

void Regex::bind(const std::function<std::int32_t(std::string_view)>& place) {
  std::vector<std::int32_t> places;
  bool any = false;
  for (const std::string& name : names_) {
    places.push_back(name.empty() ? -1 : place(name));
    any = any || places.back() >= 0;
  }
  if (any) variables_ = std::move(places);
}

}  // namespace baton::proxy
