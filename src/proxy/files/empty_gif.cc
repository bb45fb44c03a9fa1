// A GIF89a image of one transparent pixel.

#include "proxy/files/empty_gif.h"

#include <string_view>

namespace baton::proxy {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view pixel =
    "GIF89a"                                 // signature
    "\x01\x00\x01\x00\x80\x01\x00"           // 1 x 1, two colours, background is the second
    "\x00\x00\x00\xff\xff\xff"               // black, white
    "!\xf9\x04\x01\x00\x00\x01\x00"          // the second colour is transparent
    ",\x00\x00\x00\x00\x01\x00\x01\x00\x00"  // the whole image
    "\x02\x02L\x01\x00;"sv;                  // one pixel of the second colour

}  // namespace

Verdict answer_empty_gif(Request& request) {
  const http::Method method = request.head.method;
  if (method != http::Method::get && method != http::Method::head) return Verdict::error(405);
  Response& response = request.response;
  response.status = request.error_status != 0 ? request.error_status : 200;
  response.content_type = "image/gif";
  response.last_modified = "Mon, 28 Sep 1970 06:00:00 GMT";
  response.text = pixel;
  return Verdict::respond();
}

}  // namespace baton::proxy
