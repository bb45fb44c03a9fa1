// Frames and hellos of the pair link: wherever the stream is cut, the same frames come out; a body
// over the bound ends the stream; a hello that is understood says itself again.

#include <cstdint>
#include <string>
#include <vector>

#include "base/assert.h"
#include "failover/pair_frame.h"

namespace {

using namespace baton::failover;

constexpr std::size_t body_max = 64;

struct Read {
  std::vector<PairFrame> frames;
  bool failed = false;
};

Read read_in_steps(const std::string& stream, std::size_t step) {
  Read read;
  PairFrameReader reader;
  for (std::size_t at = 0; at < stream.size() && !read.failed; at += step) {
    reader.feed(std::string_view(stream).substr(at, step));
    for (;;) {
      auto frame = reader.next(body_max);
      read.failed = !frame;
      if (!frame || !*frame) break;
      BATON_ASSERT((*frame)->body.size() <= body_max);
      read.frames.push_back(std::move(**frame));
    }
  }
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string stream(reinterpret_cast<const char*>(bytes), size);
  const Read whole = read_in_steps(stream, stream.size() + 1);
  const Read pieces = read_in_steps(stream, 3);
  BATON_ASSERT(whole.failed == pieces.failed && whole.frames.size() == pieces.frames.size());
  std::string again;
  for (std::size_t i = 0; i < whole.frames.size(); ++i) {
    BATON_ASSERT(whole.frames[i].body == pieces.frames[i].body);
    again += encode_frame(whole.frames[i].type, whole.frames[i].body);
  }
  BATON_ASSERT(stream.starts_with(again));
  if (const auto hello = PairHello::decode(stream)) {
    const auto back = PairHello::decode(hello->encode());
    BATON_ASSERT(back && back->run == hello->run && back->linked == hello->linked);
  }
  return 0;
}
