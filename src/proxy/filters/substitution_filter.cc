// Searching byte by byte, with a table of the bytes at which anything can begin.

#include "proxy/filters/substitution_filter.h"

#include <algorithm>

#include "base/text.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

// `text` in any case against `lower`, which is as long.
bool equals_lower(std::string_view text, std::string_view lower) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (to_lower(text[i]) != lower[i]) return false;
  }
  return true;
}

}  // namespace

SubstitutionFilter::SubstitutionFilter(const config::SubstitutionSettings& settings,
                                       const Request& request)
    : request_(request), once_(settings.once) {
  for (const config::Substitution& pair : settings.pairs) {
    std::string text;
    append_text(text, pair.search, request);
    if (text.empty()) continue;  // a variable without a value
    longest_ = std::max(longest_, text.size());
    searches_.push_back({lowered(text), &pair.replacement, {}, false});
  }
  set_first_bytes();
}

void SubstitutionFilter::set_first_bytes() {
  first_bytes_.fill(false);
  for (const Search& search : searches_) {
    const char first = search.text[0];
    first_bytes_[static_cast<unsigned char>(first)] = true;
    if (first >= 'a' && first <= 'z') first_bytes_[static_cast<unsigned char>(first - 0x20)] = true;
  }
}

SubstitutionFilter::Search* SubstitutionFilter::match_at(std::string_view bytes) {
  for (Search& search : searches_) {
    if (bytes.size() < search.text.size()) continue;
    if (equals_lower(bytes.substr(0, search.text.size()), search.text)) return &search;
  }
  return nullptr;
}

// Whether `end`, the last bytes so far, are the beginning of something.
bool SubstitutionFilter::may_begin_at(std::string_view end) const {
  return std::ranges::any_of(searches_, [&](const Search& search) {
    return search.text.size() > end.size() &&
           equals_lower(end, std::string_view(search.text).substr(0, end.size()));
  });
}

std::size_t SubstitutionFilter::held_back(std::string_view bytes) const {
  for (std::size_t size = std::min(bytes.size(), longest_ > 0 ? longest_ - 1 : 0); size > 0;
       --size) {
    if (may_begin_at(bytes.substr(bytes.size() - size))) return size;
  }
  return 0;
}

void SubstitutionFilter::replace(Search& search, std::string& output) {
  if (!search.is_made) {
    append_text(search.made, *search.replacement, request_);
    search.is_made = true;
  }
  output += search.made;
  if (!once_) return;
  searches_.erase(searches_.begin() + (&search - searches_.data()));
  set_first_bytes();
}

Status SubstitutionFilter::filter(std::string_view input, BodyPart part, std::string& output) {
  std::string joined;
  std::string_view bytes = input;
  if (!held_.empty()) {
    joined = std::move(held_);
    joined += input;
    bytes = joined;
    held_.clear();
  }
  const bool last = part == BodyPart::last;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < bytes.size() && !searches_.empty();) {
    if (!first_bytes_[static_cast<unsigned char>(bytes[i])]) {
      ++i;
      continue;
    }
    const std::string_view rest = bytes.substr(i);
    Search* const found = match_at(rest);
    if (found) {
      const std::size_t size = found->text.size();
      output += bytes.substr(copied, i - copied);
      replace(*found, output);
      i = copied = i + size;
    } else if (!last && rest.size() < longest_ && may_begin_at(rest)) {
      break;  // the next bytes decide
    } else {
      ++i;
    }
  }
  const std::string_view rest = bytes.substr(copied);
  const std::size_t held = last || searches_.empty() ? 0 : held_back(rest);
  output += rest.substr(0, rest.size() - held);
  held_ = rest.substr(rest.size() - held);
  return {};
}

}  // namespace baton::proxy
