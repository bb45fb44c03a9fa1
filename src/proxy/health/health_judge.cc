// Tests of a match block.

#include "proxy/health/health_judge.h"

#include <algorithm>
#include <string>

#include "base/text.h"
#include "proxy/variables/variables.h"

namespace baton::proxy {

namespace {

using Test = config::HealthMatch::Header::Test;

bool matches(const std::optional<Regex>& expression, std::string_view text) {
  std::vector<Capture> captures;
  return expression && expression->match(text, captures);
}

}  // namespace

HealthJudge::HealthJudge(const config::HealthMatch* match) : match_(match) {
  if (!match) return;
  for (const auto& header : match->headers) {
    const bool is_expression = header.test == Test::like || header.test == Test::unlike;
    header_expressions_.push_back(is_expression ? Regex::compile(header.value, false)
                                                : std::nullopt);
  }
  for (const auto& body : match->bodies) {
    body_expressions_.push_back(Regex::compile(body.expression, false));
  }
}

bool HealthJudge::status_fits(std::uint16_t status) const {
  if (!match_) return status >= 200 && status < 400;
  return std::ranges::all_of(match_->statuses, [status](const auto& statuses) {
    const bool listed = std::ranges::any_of(statuses.ranges, [status](const auto& range) {
      return status >= range.first && status <= range.second;
    });
    return listed != statuses.others;
  });
}

bool HealthJudge::headers_fit(const http::ResponseHead& head) const {
  for (std::size_t i = 0; i < match_->headers.size(); ++i) {
    const auto& test = match_->headers[i];
    // A line that fits is enough; with a negation, one that does not fit is too much.
    bool present = false;
    bool fits = false;
    for (const http::Header& line : head.headers) {
      if (!equals_ignoring_case(line.name, test.name)) continue;
      present = true;
      const bool like = test.test == Test::like || test.test == Test::unlike;
      fits |= like ? matches(header_expressions_[i], line.value) : line.value == test.value;
    }
    bool passed = present;
    if (test.test == Test::absent) passed = !present;
    if (test.test == Test::equal || test.test == Test::like) passed = fits;
    if (test.test == Test::unequal || test.test == Test::unlike) passed = !fits;
    if (!passed) return false;
  }
  return true;
}

bool HealthJudge::variables_fit(const Request& request) const {
  return std::ranges::all_of(match_->required, [&request](const config::TemplateText& text) {
    std::string value;
    append_text(value, text, request);
    return !value.empty() && value != "0";
  });
}

std::string_view HealthJudge::judge_head(const Request& request) const {
  if (!status_fits(request.upstream_head->status)) return "checking status code";
  if (!match_) return {};
  if (!headers_fit(*request.upstream_head)) return "checking header";
  if (!variables_fit(request)) return "checking variables";
  return {};
}

std::string_view HealthJudge::judge_body(std::string_view body) const {
  for (std::size_t i = 0; i < body_expressions_.size(); ++i) {
    if (matches(body_expressions_[i], body) == match_->bodies[i].unlike) return "checking body";
  }
  return {};
}

}  // namespace baton::proxy
