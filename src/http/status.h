// Status codes and their words, as nginx's status lines and built-in pages have them.
#pragma once

#include <cstdint>
#include <string_view>

namespace baton::http {

// "404 Not Found": what follows "HTTP/1.1 " in a status line. "" for codes without usual words.
std::string_view status_line_text(std::uint16_t status);

// Title of nginx's built-in page for `status` ("404 Not Found"); "" when there is none. Knows
// nginx's own codes too: 494 "400 Request Header Or Cookie Too Large" and the like.
std::string_view error_page_title(std::uint16_t status);

// The code that goes out for nginx's internal ones (494-497 are sent as 400, 499 never).
std::uint16_t status_to_send(std::uint16_t status);

}  // namespace baton::http
