// FastCGI responses: the same bytes come out however the input is cut, and what a server could have
// sent comes out as it went in.

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "fastcgi/records.h"

namespace {

using baton::fastcgi::ResponseDecoder;

struct Decoded {
  std::string output;
  std::string problem;
  bool ended = false;
  bool surplus = false;
};

Decoded decode(std::string text, std::size_t piece) {
  ResponseDecoder decoder;
  Decoded result;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    const std::size_t size = std::min(piece, text.size() - at);
    const auto output = decoder.decode({text.data() + at, size});
    BATON_ASSERT(decoder.errors().size() <= ResponseDecoder::errors_bytes_max);
    if (!output) {
      BATON_ASSERT(!decoder.problem().empty());
      result.problem = decoder.problem();
      return result;
    }
    BATON_ASSERT(*output <= size);
    result.output.append(text, at, *output);
  }
  result.ended = decoder.ended();
  result.surplus = decoder.has_surplus();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const Decoded whole = decode(text, text.size() + 1);
  const Decoded cut = decode(text, size > 0 ? bytes[size - 1] % 9 + 1u : 1u);
  BATON_ASSERT(whole.problem == cut.problem);
  if (whole.problem.empty()) {
    BATON_ASSERT(whole.output == cut.output && whole.ended == cut.ended);
    BATON_ASSERT(whole.surplus == cut.surplus);
  }
  std::string sent;
  baton::fastcgi::append_stream(sent, baton::fastcgi::Type::stdout_bytes, text, false);
  BATON_ASSERT(decode(sent, 5).output == text);
  return 0;
}
