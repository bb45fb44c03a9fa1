// JSON as text, in both directions, without the two ways in which the library ends a process: it
// throws when a text that it is to write is not UTF-8 (names and comments of a configuration may be
// in any encoding, and a text that was cut may end within a character), and it recurses as deep as
// what it writes or copies is nested.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace baton {

// `value` on one line or, with `indent`, on many. Bytes that are not UTF-8 become U+FFFD.
std::string json_text(const nlohmann::json& value, int indent = -1);

// What nobody of ours exceeds: an answer to `baton status` has a depth of 8.
inline constexpr int json_depth_max = 64;

// What `text` says; a discarded value (`is_object()` and the like are false) when it is no JSON or
// is nested deeper than json_depth_max.
nlohmann::json parse_json(std::string_view text);

}  // namespace baton
