// $upstream_addr and its family: one value per attempt, in order, separated by ", ", or " : "
// where an internal redirect led to another group.
#pragma once

#include <string>
#include <string_view>

#include "config/model/template_text.h"
#include "proxy/request.h"

namespace baton::proxy {

// False, with nothing appended, when no upstream was asked (or the variable is not of the family).
bool append_upstream_variable(std::string& into, config::Variable variable, const Request& request);

// Durations as nginx prints them: seconds with three decimals.
void append_seconds(std::string& into, Duration duration);

}  // namespace baton::proxy
