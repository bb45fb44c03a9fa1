// Checking values that have no effect.

#include "config/nginx/file_access_values.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text.h"
#include "config/nginx/reader.h"
#include "config/nginx/value.h"

namespace baton::config::nginx {

namespace {

constexpr std::string_view kernel_cache = "the kernel's own cache of names is used";

// Takes `prefix` off the front of `word`, if it stands there.
bool take_prefix(std::string_view& word, std::string_view prefix) {
  if (!word.starts_with(prefix)) return false;
  word.remove_prefix(prefix.size());
  return true;
}

// nginx counts the files in an int.
bool is_positive_count(std::string_view text) {
  const auto count = parse_unsigned(text, INT32_MAX);
  return count && *count > 0;
}

}  // namespace

void check_aio(Reader& reader, const Directive& directive) {
  const std::string_view word = directive.word(1);
  const bool known =
      word == "on" || word == "off" || word == "threads" || word.starts_with("threads=");
  if (!known) return reader.directive_error(directive, 1, "invalid value");
  if (word == "threads=") return reader.error(directive, 1, "unknown thread pool \"\"");
  reader.note_no_effect(directive, {});
}

void check_directio(Reader& reader, const Directive& directive) {
  const std::string& word = directive.word(1);
  if (word != "off" && !parse_offset(word)) {
    return reader.directive_error(directive, 1, "invalid value");
  }
  reader.note_no_effect(directive, {});
}

void check_open_file_cache(Reader& reader, const Directive& directive) {
  bool has_max = false;
  bool is_off = false;
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    std::string_view word = directive.word(i);
    if (word == "off") {
      is_off = true;
    } else if (take_prefix(word, "max=") && is_positive_count(word)) {
      has_max = true;
    } else if (!take_prefix(word, "inactive=") || !parse_seconds(word)) {
      return reader.error(
          directive, i,
          fmt::format("invalid \"open_file_cache\" parameter \"{}\"", directive.word(i)));
    }
  }
  if (!has_max && !is_off) {
    return reader.error(directive, 0, "\"open_file_cache\" must have the \"max\" parameter");
  }
  reader.note_no_effect(directive, kernel_cache);
}

void check_store_access(Reader& reader, const Directive& directive) {
  for (std::size_t i = 1; i < directive.words.size(); ++i) {
    std::string_view word = directive.word(i);
    const bool has_whom =
        take_prefix(word, "user:") || take_prefix(word, "group:") || take_prefix(word, "all:");
    if (!has_whom || (word != "r" && word != "rw")) {
      return reader.error(directive, i, fmt::format("invalid value \"{}\"", directive.word(i)));
    }
  }
  reader.note_no_effect(directive, {});
}

}  // namespace baton::config::nginx
