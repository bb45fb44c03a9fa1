// Variables with a name behind them: $http_NAME, $sent_http_NAME, $upstream_http_NAME, $arg_NAME,
// $cookie_NAME. NAME is in lower case with '_' for '-', as the configuration has it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "http/header_table.h"
#include "proxy/request.h"

namespace baton::proxy {

// All of these append the value; false, with nothing appended, when there is none.

// Several lines of one name are joined by ", ", Cookie lines by "; ". `id`: the name's
// http::HeaderId when the configuration has looked it up, otherwise 0.
bool append_header(std::string& into, const http::HeaderTable& headers, std::string_view name,
                   std::uint16_t id = 0);
bool append_sent_header(std::string& into, const Request& request, std::string_view name);
// Of "Name: value" lines that end with a line feed.
bool append_trailer(std::string& into, std::string_view lines, std::string_view name);
// The value as sent, not decoded.
bool append_argument(std::string& into, std::string_view args, std::string_view name);
bool append_cookie(std::string& into, const http::HeaderTable& headers, std::string_view name);
// The value of the cookie `name` that a response sets.
bool append_set_cookie(std::string& into, const http::HeaderTable& headers, std::string_view name);
// The user name of "Authorization: Basic ..." (RFC 7617).
bool append_remote_user(std::string& into, const http::HeaderTable& headers);

}  // namespace baton::proxy
