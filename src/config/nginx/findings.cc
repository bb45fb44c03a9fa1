// The problems of one configuration, put into the order of the text.

#include "config/nginx/findings.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/assert.h"

namespace baton::config::nginx {

namespace {

constexpr std::size_t reports_in_order_max = 1000;  // as many as Diagnostics keeps

}  // namespace

void Findings::add(std::uint64_t sequence, Diagnostic diagnostic) {
  if (diagnostic.severity == Severity::error) ++errors_;
  found_.push_back({sequence, std::move(diagnostic), found_.size()});
}

void Findings::cut(std::size_t count, std::string suggestion) {
  BATON_ASSERT(count > 0 && count <= found_.size());
  found_.resize(count);
  found_.back().diagnostic.suggestion = std::move(suggestion);
}

void Findings::report_to(Diagnostics& diagnostics) {
  // Diagnostics are bounded: where they do not all fit, errors go first.
  const bool errors_first = found_.size() > reports_in_order_max;
  std::ranges::sort(found_, {}, [&](const Found& found) {
    const bool later = errors_first && found.diagnostic.severity != Severity::error;
    return std::tuple(later, found.sequence, found.order);
  });
  for (Found& found : found_) diagnostics.add(std::move(found.diagnostic));
  found_.clear();
}

}  // namespace baton::config::nginx
