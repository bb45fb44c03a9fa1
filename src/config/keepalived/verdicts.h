// Wording of keepalived that other code recognises a problem by: `keepalived -t` ends with another
// code for it.
#pragma once

#include <string_view>

namespace baton::config::keepalived {

// How the error begins that makes keepalived end at once with code 2.
inline constexpr std::string_view missing_parameter_prefix = "*** Configuration line starting ";

// How the errors begin that concern included files: code 6, and no start, where the file asks for
// this check.
inline constexpr std::string_view files_missing = "Config files missing";
inline constexpr std::string_view some_files_missing = "Some config files missing:";
inline constexpr std::string_view no_files_matched = "No config files matched";
inline constexpr std::string_view file_unreadable = "Configuration file";

}  // namespace baton::config::keepalived
