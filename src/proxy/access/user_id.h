// userid: the cookie that a client brings, and the one that it is given (ngx_http_userid_module).
#pragma once

#include <string>

#include "proxy/request.h"

namespace baton::proxy {

// Adds Set-Cookie (and P3P) to a response that is about to go out, where the settings say so.
void add_user_id(Request& request);

// $uid_got and $uid_set: "uid=" and 32 hexadecimal digits; false when there is none.
bool append_uid_got(std::string& into, const Request& request);
bool append_uid_set(std::string& into, const Request& request);

}  // namespace baton::proxy
