// How long a response may be kept, as its own headers say: X-Accel-Expires, Cache-Control and
// Expires, in this order of weight, whatever their order in the head; Set-Cookie and Vary. The
// rules are RFC 9111's (sections 3, 4.2, 5.2) and RFC 5861's as nginx reads them, which is the
// reading that users have tuned their servers to: s-maxage before max-age, no Pragma, no heuristic
// freshness, no Age.
//
// Pure: times are seconds of the calendar, `now` is a parameter.
#pragma once

#include <cstdint>
#include <string>

#include "config/model/cache.h"
#include "http/header_table.h"

namespace baton::cache {

using Seconds = std::int64_t;  // since 1970

struct Freshness {
  bool cacheable = true;         // false: must not be kept, whatever the configuration says
  Seconds valid_until = 0;       // 0: the response does not say
  Seconds updating_seconds = 0;  // stale-while-revalidate: beyond valid_until
  Seconds error_seconds = 0;     // stale-if-error
  std::string vary;              // all Vary lines, joined by ", "
};

// The longest Vary that is kept; a response with more is not cached.
inline constexpr std::size_t vary_bytes_max = 128;

// `ignored`: bits of config::CacheIgnores.
Freshness judge_freshness(const http::HeaderTable& headers, std::uint32_t ignored, Seconds now);

// How long `settings` keep a response with `status` that says nothing itself; 0: not at all.
Seconds configured_validity(const config::CacheSettings& settings, std::uint16_t status);

}  // namespace baton::cache
