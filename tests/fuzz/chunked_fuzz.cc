// Chunked bodies: the same bytes come out however the input is cut, and encoding what came out
// decodes to the same again.

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/assert.h"
#include "http/chunked.h"

namespace {

using baton::http::ChunkedDecoder;

struct Decoded {
  ChunkedDecoder::State state = ChunkedDecoder::State::more;
  std::string body;
  std::size_t consumed = 0;
};

Decoded decode(std::string text, std::size_t piece) {
  ChunkedDecoder decoder;
  Decoded result;
  while (result.consumed < text.size() && result.state == ChunkedDecoder::State::more) {
    const std::size_t size = std::min(piece, text.size() - result.consumed);
    const auto output = decoder.decode({text.data() + result.consumed, size});
    BATON_ASSERT(output.consumed <= size);
    result.state = output.state;
    result.body.append(output.body.data(), output.body.size());
    result.consumed += output.consumed;
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const Decoded whole = decode(text, text.size() + 1);
  const std::size_t piece = size > 0 ? bytes[0] % 7 + 1u : 1u;
  const Decoded cut = decode(text, piece);
  BATON_ASSERT(whole.state == cut.state && whole.body == cut.body);
  if (whole.state != ChunkedDecoder::State::done) return 0;
  BATON_ASSERT(whole.consumed == cut.consumed);
  std::string again;
  if (!whole.body.empty()) {
    char line[baton::http::chunk_line_max];
    again.append(line, baton::http::write_chunk_line(whole.body.size(), line));
    again += whole.body;
    again += baton::http::chunk_end;
  }
  again += baton::http::last_chunk;
  BATON_ASSERT(decode(again, 3).body == whole.body);
  return 0;
}
