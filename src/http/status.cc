// The table of status texts.

#include "http/status.h"

#include <algorithm>
#include <array>

namespace baton::http {

namespace {

struct Known {
  std::uint16_t status;
  std::string_view text;
};

constexpr std::array known_statuses = {
    Known{100, "100 Continue"},
    Known{101, "101 Switching Protocols"},
    Known{103, "103 Early Hints"},
    Known{200, "200 OK"},
    Known{201, "201 Created"},
    Known{202, "202 Accepted"},
    Known{204, "204 No Content"},
    Known{206, "206 Partial Content"},
    Known{301, "301 Moved Permanently"},
    Known{302, "302 Moved Temporarily"},
    Known{303, "303 See Other"},
    Known{304, "304 Not Modified"},
    Known{307, "307 Temporary Redirect"},
    Known{308, "308 Permanent Redirect"},
    Known{400, "400 Bad Request"},
    Known{401, "401 Unauthorized"},
    Known{402, "402 Payment Required"},
    Known{403, "403 Forbidden"},
    Known{404, "404 Not Found"},
    Known{405, "405 Not Allowed"},
    Known{406, "406 Not Acceptable"},
    Known{408, "408 Request Time-out"},
    Known{409, "409 Conflict"},
    Known{410, "410 Gone"},
    Known{411, "411 Length Required"},
    Known{412, "412 Precondition Failed"},
    Known{413, "413 Request Entity Too Large"},
    Known{414, "414 Request-URI Too Large"},
    Known{415, "415 Unsupported Media Type"},
    Known{416, "416 Requested Range Not Satisfiable"},
    Known{421, "421 Misdirected Request"},
    Known{429, "429 Too Many Requests"},
    Known{500, "500 Internal Server Error"},
    Known{501, "501 Not Implemented"},
    Known{502, "502 Bad Gateway"},
    Known{503, "503 Service Temporarily Unavailable"},
    Known{504, "504 Gateway Time-out"},
    Known{505, "505 HTTP Version Not Supported"},
    Known{507, "507 Insufficient Storage"},
};
static_assert(std::ranges::is_sorted(known_statuses, {}, &Known::status));

}  // namespace

std::string_view status_line_text(std::uint16_t status) {
  const auto* found = std::ranges::lower_bound(known_statuses, status, {}, &Known::status);
  return found != known_statuses.end() && found->status == status ? found->text : "";
}

std::string_view error_page_title(std::uint16_t status) {
  switch (status) {
    case 302:
      return "302 Found";
    case 401:
      return "401 Authorization Required";
    case 494:
      return "400 Request Header Or Cookie Too Large";
    case 495:
      return "400 The SSL certificate error";
    case 496:
      return "400 No required SSL certificate was sent";
    case 497:
      return "400 The plain HTTP request was sent to HTTPS port";
    default:
      return status >= 300 && status != 304 ? status_line_text(status) : std::string_view{};
  }
}

std::uint16_t status_to_send(std::uint16_t status) {
  return status >= 494 && status <= 497 ? 400 : status;
}

}  // namespace baton::http
