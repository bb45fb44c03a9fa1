// Request heads: parsing in one piece and cut in two must agree, views must lie in the buffer, and
// what is accepted must have one framing only.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "http/head_parser.h"

namespace {

using namespace baton::http;

bool inside(std::string_view part, std::string_view whole) {
  return part.empty() || part == "/" ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  RequestParser parser;
  RequestHead head;
  const Progress progress = parser.parse(text, head, {});
  if (size > 0) {
    const std::size_t cut = bytes[size - 1] % size;
    RequestParser second_parser;
    RequestHead second;
    Progress cut_progress = second_parser.parse(std::string_view(text).substr(0, cut), second, {});
    if (cut_progress == Progress::incomplete) {
      cut_progress = second_parser.parse(text, second, {});
    } else if (cut_progress == Progress::complete) {
      BATON_ASSERT(progress == Progress::complete);
    }
    // A line that came in pieces is looked at again only when its end is there.
    BATON_ASSERT(cut_progress == progress ||
                 (cut_progress == Progress::incomplete && progress == Progress::refused));
    BATON_ASSERT(progress != Progress::complete ||
                 (second.headers.size() == head.headers.size() && second.bytes == head.bytes));
  }
  if (progress != Progress::complete) return 0;
  BATON_ASSERT(head.bytes <= text.size());
  BATON_ASSERT(inside(head.target, text) && inside(head.path, text) && inside(head.host, text));
  for (const Header& line : head.headers) {
    BATON_ASSERT(inside(line.name, text) && inside(line.value, text));
    BATON_ASSERT(line.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  BATON_ASSERT(!(head.headers.has(HeaderId::content_length) &&
                 head.headers.has(HeaderId::transfer_encoding)));
  return 0;
}
