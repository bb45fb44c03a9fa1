// Names of files that are still being written: that of the entry, a dot, the process and a number.
// What a crashed process left behind is told by them.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

namespace baton::cache {

// A name that was not given before, for a file that is to become `path`.
std::string temporary_name(std::string_view path);

// The process that gave `name` (without folders); empty when it is no such name.
std::optional<pid_t> maker_of(std::string_view name);

}  // namespace baton::cache
