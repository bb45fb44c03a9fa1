#include "http/chunked.h"

#include <gtest/gtest.h>

#include <string>

namespace baton::http {
namespace {

struct Decoded {
  ChunkedDecoder::State state = ChunkedDecoder::State::more;
  std::string body;
  std::size_t consumed = 0;
};

// Decodes `text` in pieces of `piece` bytes.
Decoded decode(std::string text, std::size_t piece = SIZE_MAX) {
  ChunkedDecoder decoder;
  Decoded result;
  while (result.consumed < text.size() && result.state == ChunkedDecoder::State::more) {
    const std::size_t size = std::min(piece, text.size() - result.consumed);
    const auto output = decoder.decode({text.data() + result.consumed, size});
    result.state = output.state;
    result.body.append(output.body.data(), output.body.size());
    result.consumed += output.consumed;
  }
  return result;
}

bool is_bad(const std::string& text) {
  return decode(text).state == ChunkedDecoder::State::bad &&
         decode(text, 1).state == ChunkedDecoder::State::bad;
}

TEST(ChunkedDecoder, GivesTheBodyHoweverItIsCutIntoPieces) {
  const std::string text = "5\r\nhello\r\n1;a=b\r\n \r\n00A\r\n0123456789\r\n0\r\nX: y\r\n\r\nNEXT";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Decoded result = decode(text, piece);
    EXPECT_EQ(result.state, ChunkedDecoder::State::done) << piece;
    EXPECT_EQ(result.body, "hello 0123456789") << piece;
    EXPECT_EQ(result.consumed, text.size() - 4) << piece;
  }
}

TEST(ChunkedDecoder, WaitsForTheEnd) {
  EXPECT_EQ(decode("5\r\nhel").state, ChunkedDecoder::State::more);
  EXPECT_EQ(decode("0\r\n").state, ChunkedDecoder::State::more);
  EXPECT_EQ(decode("0\r\n\r").state, ChunkedDecoder::State::more);
}

TEST(ChunkedDecoder, RefusesBadSizes) {
  for (const std::string text :
       {"\r\n", "x\r\n", "-1\r\n", "+5\r\n", " 5\r\n", "5 \r\n", "0x5\r\n", "5\n", "5\rx",
        "10000000000000000\r\n", "ffffffffffffffff0\r\n", ";a\r\n", "5\r\nhelloX", "5\r\nhello\n",
        "5\r\nhello\rX", "5;a\nb\r\n", "5;a\x01\r\n"}) {
    EXPECT_TRUE(is_bad(text)) << text;
  }
  EXPECT_TRUE(is_bad(std::string(40, '0')));
}

TEST(ChunkedDecoder, RefusesBadTrailers) {
  for (const std::string text : {"0\r\nA b: c\r\n\r\n", "0\r\n: c\r\n", "0\r\nA\r\n",
                                 "0\r\n A: b\r\n", "0\r\n\n", "0\r\nA: b\n", "0\r\n\rx"}) {
    EXPECT_TRUE(is_bad(text)) << text;
  }
}

TEST(ChunkedDecoder, BoundsExtensionsAndTrailers) {
  EXPECT_TRUE(is_bad("5;" + std::string(20000, 'a') + "\r\n"));
  EXPECT_TRUE(is_bad("0\r\nA: " + std::string(20000, 'a') + "\r\n"));
}

TEST(ChunkedDecoder, DoesNotMoveTheBytesOfASingleChunk) {
  std::string text = "5\r\nhello\r\n";
  ChunkedDecoder decoder;
  const auto output = decoder.decode(text);
  EXPECT_EQ(output.body.data(), text.data() + 3);
}

TEST(ChunkLine, IsHexadecimal) {
  char line[chunk_line_max];
  const auto text = [&](std::uint64_t size) {
    return std::string(line, write_chunk_line(size, line));
  };
  EXPECT_EQ(text(0), "0\r\n");
  EXPECT_EQ(text(500), "1f4\r\n");
  EXPECT_EQ(text(UINT64_MAX), "ffffffffffffffff\r\n");
}

TEST(ChunkedDecoder, KeepsTrailersWhereTheyAreWanted) {
  std::string text = "2\r\nok\r\n0\r\nA: b\r\nC-D: e f\r\n\r\n";
  std::string trailers;
  ChunkedDecoder decoder;
  decoder.keep_trailers(trailers);
  for (char& byte : text) decoder.decode({&byte, 1});
  EXPECT_TRUE(decoder.done());
  EXPECT_EQ(trailers, "A: b\nC-D: e f\n");
}

}  // namespace
}  // namespace baton::http
