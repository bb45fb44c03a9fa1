// Active health checks: what `health_check` in a location says of the group that it proxies to, and
// `match` of the answers that count as healthy.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "config/model/template_text.h"

namespace baton::config {

// A `match` block: an answer has to pass all of its tests.
struct HealthMatch {
  struct Statuses {
    bool others = false;                                          // "!": all but these
    std::vector<std::pair<std::uint16_t, std::uint16_t>> ranges;  // first and last
  };
  struct Header {
    enum class Test : std::uint8_t { present, absent, equal, unequal, like, unlike };
    std::string name;  // lower case
    Test test = Test::present;
    std::string value;  // or the expression
  };
  struct Body {
    bool unlike = false;
    std::string expression;
  };
  std::string name;
  std::vector<Statuses> statuses;
  std::vector<Header> headers;
  std::vector<Body> bodies;
  std::vector<TemplateText> required;  // variables that must be neither empty nor "0"
};

// One `health_check` line.
struct HealthCheckRule {
  Duration interval = 5s;
  Duration jitter = 0s;      // each check is put off by a random time of at most this
  std::uint32_t fails = 1;   // checks in a row that make a server unhealthy
  std::uint32_t passes = 1;  // ... and healthy again
  std::string uri = "/";
  bool mandatory = false;   // no requests before the first check has passed
  bool persistent = false;  // ... but after a reload with what was known before it
  std::string match_name;
  std::shared_ptr<const HealthMatch> match;  // null: a status of 2xx or 3xx
  std::optional<std::uint16_t> port;         // instead of the server's own
  bool tcp = false;                          // baton: a connection that opens is enough (type=tcp)
  Duration keepalive_time = 0s;  // one connection for the checks of so long; 0: one for each
  std::uint32_t number = 0;      // among the checks of its group
};

// All lines of one location.
struct HealthCheck {
  std::vector<HealthCheckRule> rules;
};

// Most checks of one group (ipc::PeerSlot keeps a bit for each).
inline constexpr std::uint32_t health_checks_max = 24;

// What the checks of a group mean for its servers.
struct HealthCheckMasks {
  std::uint32_t checks = 0;      // a bit for each check
  std::uint32_t mandatory = 0;   // ... of those that have to pass first
  std::uint32_t persistent = 0;  // ... of those for which what was known before a reload counts
};

}  // namespace baton::config
