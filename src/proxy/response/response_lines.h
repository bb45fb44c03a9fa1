// Finding and changing header lines of a response that is being made.
#pragma once

#include <string_view>

#include "proxy/request.h"

namespace baton::proxy {

// The first line of this name in any case; nullptr when there is none. Good until lines change.
ResponseHeader* find_line(Response& response, std::string_view name);
// Its value; "" when there is none.
std::string_view line_value(const Response& response, std::string_view name);
void remove_lines(Response& response, std::string_view name);
// Makes `value` the only one of this name, in the place of the first; "" removes it.
void set_line(Response& response, std::string_view name, std::string_view value);

}  // namespace baton::proxy
