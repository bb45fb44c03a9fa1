// Conditional requests (RFC 9110 section 13): whether a representation that is about to be sent
// with 200 is to be sent at all. The order of the checks and the reading of dates are nginx's.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/time.h"
#include "http/header_table.h"

namespace baton::http {

// What the representation says of itself.
struct Validators {
  std::string_view etag;  // with its quotes; "" when there is none
  WallTime last_modified{};
  bool has_last_modified = true;
};

// How If-Modified-Since is held against Last-Modified (directive if_modified_since).
enum class ModifiedSince : std::uint8_t { ignore, exact, before };

enum class Condition : std::uint8_t { send, not_modified, failed };  // 200, 304, 412

Condition evaluate_conditions(const HeaderTable& request, const Validators& validators,
                              ModifiedSince modified_since);

// Whether a Range line may be used: there is no If-Range, or it names this very representation.
bool range_applies(const HeaderTable& request, const Validators& validators);

// Whether `list`, the value of If-Match or If-None-Match, names `etag`. A weak comparison takes
// W/"x" and "x" for the same.
bool etag_listed(std::string_view list, std::string_view etag, bool weak);

}  // namespace baton::http
