// $secure_link and $secure_link_expires.
#pragma once

#include <string>

#include "proxy/request.h"

namespace baton::proxy {

// "1": the link is right, "0": it was, but its time is over; with secure_link_secret the link
// itself. False, with nothing appended: it is not right.
bool append_secure_link(std::string& into, const Request& request);
// The time that the link says; false when it says none, or is not right in form.
bool append_secure_link_expires(std::string& into, const Request& request);

}  // namespace baton::proxy
