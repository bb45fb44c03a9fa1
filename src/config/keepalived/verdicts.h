// Wording of keepalived that other code recognises a problem by: `keepalived -t` ends with another
// code for it.
#pragma once

#include <string_view>

namespace baton::config::keepalived {

// How the error begins that makes keepalived end at once with code 2.
inline constexpr std::string_view missing_parameter_prefix = "*** Configuration line starting ";

}  // namespace baton::config::keepalived
