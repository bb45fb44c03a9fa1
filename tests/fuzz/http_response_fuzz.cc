// Response heads: parsing in one piece and cut in two must agree; no accepted value may hold a
// line end.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "http/head_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace baton::http;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const Method method = size > 0 && bytes[0] % 2 == 0 ? Method::get : Method::head;
  ResponseParser parser;
  ResponseHead head;
  const Progress progress = parser.parse(text, head, method, {});
  if (size > 0) {
    ResponseParser second_parser;
    ResponseHead second;
    Progress cut_progress = second_parser.parse(
        std::string_view(text).substr(0, bytes[size - 1] % size), second, method, {});
    if (cut_progress == Progress::incomplete) {
      cut_progress = second_parser.parse(text, second, method, {});
    }
    // A line that came in pieces is looked at again only when its end is there.
    BATON_ASSERT(cut_progress == progress ||
                 (cut_progress == Progress::incomplete && progress == Progress::refused));
  }
  if (progress != Progress::complete) return 0;
  BATON_ASSERT(head.status >= 100 && head.status <= 999);
  BATON_ASSERT(method != Method::head || head.framing.kind == BodyKind::none);
  for (const Header& line : head.headers) {
    BATON_ASSERT(line.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  return 0;
}
