// `resolver` and `resolver_timeout`: who turns names into addresses while baton runs, and how long
// that may take. One set of settings is shared by all locations that inherit it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "net/address.h"

namespace baton::config {

struct ResolverSettings {
  std::vector<net::Endpoint> servers;  // empty: `resolver` is not given
  // Answers hold for this long whatever they say themselves (`valid=`).
  std::optional<Duration> valid;
  bool ipv4 = true;  // whether to ask for A records
  bool ipv6 = true;  // ... and AAAA
  std::string status_zone;
  Duration timeout = 30s;  // resolver_timeout

  // Whether answers for one are good for the other: all but the timeout.
  [[nodiscard]] bool same_answers(const ResolverSettings& other) const {
    return servers == other.servers && valid == other.valid && ipv4 == other.ipv4 &&
           ipv6 == other.ipv6 && status_zone == other.status_zone;
  }
};

}  // namespace baton::config
