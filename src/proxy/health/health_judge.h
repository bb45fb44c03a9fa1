// Whether an answer to a health check counts as healthy: a `match` block, its expressions compiled.
#pragma once

#include <string_view>
#include <vector>

#include "config/model/health_check.h"
#include "http/head.h"
#include "proxy/request.h"
#include "proxy/routing/regex.h"

namespace baton::proxy {

class HealthJudge {
 public:
  // `match` outlives it; null: a status of 2xx or 3xx is healthy.
  explicit HealthJudge(const config::HealthMatch* match);

  // What failed, in the words of the log line ("checking status code"); "" when all is well.
  // `request` is the check's own, for the variables; request.upstream_head is the answer's head.
  [[nodiscard]] std::string_view judge_head(const Request& request) const;
  [[nodiscard]] std::string_view judge_body(std::string_view body) const;
  [[nodiscard]] bool needs_body() const { return match_ && !match_->bodies.empty(); }

  // As much of a body is looked at.
  static constexpr std::size_t body_bytes_max = 256 * 1024;

 private:
  [[nodiscard]] bool status_fits(std::uint16_t status) const;
  [[nodiscard]] bool headers_fit(const http::ResponseHead& head) const;
  [[nodiscard]] bool variables_fit(const Request& request) const;

  const config::HealthMatch* match_;
  std::vector<std::optional<Regex>> header_expressions_;  // as match_->headers
  std::vector<std::optional<Regex>> body_expressions_;    // as match_->bodies
};

}  // namespace baton::proxy
