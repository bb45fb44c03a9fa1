// A list of media types that a directive applies to (gzip_types and its like).
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"

namespace baton::config {

struct MimeSet {
  bool any = false;                // "*"
  std::vector<std::string> types;  // lower case

  // `type` in any case; "" (no Content-Type at all) is in the set of all types only.
  [[nodiscard]] bool contains(std::string_view type) const {
    if (any || type.empty()) return any;
    return std::ranges::any_of(
        types, [type](const std::string& known) { return equals_ignoring_case(known, type); });
  }
};

}  // namespace baton::config
