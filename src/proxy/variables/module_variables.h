// Variables of smaller modules: the dates of SSI, the state of the client's TCP connection, the
// port that was asked for, signed links, identifiers.
#pragma once

#include <string>

#include "config/model/template_text.h"
#include "proxy/request.h"

namespace baton::proxy {

// Appends the value; false, with nothing appended, when it is missing or not one of these.
bool append_module_variable(std::string& into, config::Variable variable, const Request& request);

}  // namespace baton::proxy
