// Evaluating preconditions.

#include "http/conditional.h"

#include "base/text.h"
#include "http/date.h"

namespace baton::http {

namespace {

WallTime whole_second(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

bool unmodified_since(std::string_view date, const Validators& validators) {
  if (!validators.has_last_modified) return false;
  const auto since = parse_date(date);
  return since && *since >= whole_second(validators.last_modified);
}

bool modified_after(std::string_view date, const Validators& validators, ModifiedSince rule) {
  if (!validators.has_last_modified || rule == ModifiedSince::ignore) return true;
  const auto since = parse_date(date);
  if (!since) return true;
  const WallTime modified = whole_second(validators.last_modified);
  if (*since == modified) return false;
  return rule == ModifiedSince::exact || *since < modified;
}

std::string_view without_weakness(std::string_view etag) {
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  return etag;
}

}  // namespace

bool etag_listed(std::string_view list, std::string_view etag, bool weak) {
  if (trimmed(list) == "*") return true;
  if (etag.empty()) return false;
  if (weak) etag = without_weakness(etag);
  // Entity tags may hold commas: the list is walked by its quotes.
  while (true) {
    while (!list.empty() && (is_blank(list[0]) || list[0] == ',')) list.remove_prefix(1);
    if (list.empty()) return false;
    const std::size_t opening = list.find('"');
    const std::size_t closing =
        opening == std::string_view::npos ? opening : list.find('"', opening + 1);
    if (closing == std::string_view::npos) return false;
    std::string_view listed = list.substr(0, closing + 1);
    list.remove_prefix(closing + 1);
    if (weak) listed = without_weakness(listed);
    if (listed == etag) return true;
  }
}

Condition evaluate_conditions(const HeaderTable& request, const Validators& validators,
                              ModifiedSince modified_since) {
  if (const Header* line = request.find(HeaderId::if_unmodified_since);
      line && !unmodified_since(line->value, validators)) {
    return Condition::failed;
  }
  if (const Header* line = request.find(HeaderId::if_match);
      line && !etag_listed(line->value, validators.etag, false)) {
    return Condition::failed;
  }
  const Header* since = request.find(HeaderId::if_modified_since);
  const Header* none_match = request.find(HeaderId::if_none_match);
  if (!since && !none_match) return Condition::send;
  if (since && modified_after(since->value, validators, modified_since)) return Condition::send;
  if (none_match && !etag_listed(none_match->value, validators.etag, true)) return Condition::send;
  return Condition::not_modified;
}

bool range_applies(const HeaderTable& request, const Validators& validators) {
  const Header* line = request.find(HeaderId::if_range);
  if (!line) return true;
  if (line->value.size() >= 2 && line->value.ends_with('"')) {
    return line->value == validators.etag;
  }
  const auto date = parse_date(line->value);
  return date && validators.has_last_modified && *date == whole_second(validators.last_modified);
}

}  // namespace baton::http
