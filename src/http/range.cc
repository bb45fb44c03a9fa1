// Parsing Range.

#include "http/range.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "http/hop_by_hop.h"

namespace baton::http {

namespace {

enum class Spec : std::uint8_t { good, outside, malformed };

// "first-last", "first-" or "-suffix".
Spec parse_spec(std::string_view spec, std::uint64_t size, ByteRange& range) {
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos) return Spec::malformed;
  const std::string_view first_text = trimmed(spec.substr(0, dash));
  const std::string_view last_text = trimmed(spec.substr(dash + 1));
  if (first_text.empty()) {
    const auto suffix = parse_unsigned(last_text, INT64_MAX);
    if (!suffix) return Spec::malformed;
    range = {size - std::min(*suffix, size), size};
    return range.first == range.end ? Spec::outside : Spec::good;
  }
  const auto first = parse_unsigned(first_text, INT64_MAX);
  if (!first) return Spec::malformed;
  std::uint64_t end = size;
  if (!last_text.empty()) {
    const auto last = parse_unsigned(last_text, INT64_MAX);
    if (!last) return Spec::malformed;
    if (*last < *first) return Spec::malformed;
    end = std::min(*last + 1, size);
  }
  range = {*first, end};
  return *first >= end ? Spec::outside : Spec::good;
}

}  // namespace

RangeRequest parse_range(std::string_view value, std::uint64_t size, std::size_t ranges_max) {
  RangeRequest result;
  constexpr std::string_view unit = "bytes=";
  if (value.size() <= unit.size() || !equals_ignoring_case(value.substr(0, unit.size()), unit)) {
    return result;
  }
  std::string_view list = value.substr(unit.size());
  std::string_view spec;
  std::uint64_t total = 0;
  bool any = false;
  while (next_list_element(list, spec)) {
    any = true;
    ByteRange range;
    switch (parse_spec(spec, size, range)) {
      case Spec::malformed:
        return {RangeRequest::Kind::unsatisfiable, {}};
      case Spec::outside:
        // Of nothing, everything is asked for.
        if (size == 0 && range.first == 0) return {};
        continue;
      case Spec::good:
        break;
    }
    if (result.ranges.size() == ranges_max) return {};
    total += range.end - range.first;
    result.ranges.push_back(range);
  }
  if (!any || result.ranges.empty()) return {RangeRequest::Kind::unsatisfiable, {}};
  if (total > size) return {};
  result.kind = RangeRequest::Kind::partial;
  return result;
}

}  // namespace baton::http
