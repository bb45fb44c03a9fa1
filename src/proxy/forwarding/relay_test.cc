#include "proxy/forwarding/relay.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace baton::proxy {
namespace {

std::string take(UpstreamBody& body, std::string text) {
  const auto bytes = body.take(text);
  return bytes ? std::string(bytes->data(), bytes->size()) : "broken";
}

TEST(UpstreamBody, OfKnownLengthEndsThereAndNoticesSurplus) {
  UpstreamBody body({http::BodyKind::length, 5});
  EXPECT_EQ(take(body, "he"), "he");
  EXPECT_FALSE(body.done());
  EXPECT_EQ(take(body, "llo!"), "llo");
  EXPECT_TRUE(body.done());
  EXPECT_TRUE(body.has_surplus());
}

TEST(UpstreamBody, OfKnownLengthMustNotEndEarly) {
  UpstreamBody body({http::BodyKind::length, 5});
  EXPECT_FALSE(body.end());
}

TEST(UpstreamBody, UntilCloseEndsWithTheStream) {
  UpstreamBody body({http::BodyKind::until_close, 0});
  EXPECT_EQ(take(body, "abc"), "abc");
  EXPECT_FALSE(body.done());
  EXPECT_TRUE(body.end());
  EXPECT_TRUE(body.done());
}

TEST(UpstreamBody, ChunkedIsTakenApart) {
  UpstreamBody body({http::BodyKind::chunked, 0});
  EXPECT_EQ(take(body, "3\r\nabc\r\n2\r\nd"), "abcd");
  EXPECT_FALSE(body.end());
  EXPECT_EQ(take(body, "e\r\n0\r\n\r\n"), "e");
  EXPECT_TRUE(body.done());
  EXPECT_FALSE(body.has_surplus());
}

TEST(UpstreamBody, BadChunksAreBroken) {
  UpstreamBody body({http::BodyKind::chunked, 0});
  EXPECT_EQ(take(body, "x\r\n"), "broken");
}

TEST(UpstreamBody, WithoutABodyEverythingIsSurplus) {
  UpstreamBody body({http::BodyKind::none, 0});
  EXPECT_TRUE(body.done());
  EXPECT_EQ(take(body, "x"), "");
  EXPECT_TRUE(body.has_surplus());
}

std::string framed(std::string bytes, bool last) {
  std::array<iovec, 3> pieces{};
  char size_line[http::chunk_line_max];
  frame_chunk(pieces, bytes, last, size_line);
  std::string text;
  for (const iovec& piece : pieces) {
    if (piece.iov_len > 0) text.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
  }
  return text;
}

TEST(FrameChunk, WritesSizeBytesAndEnd) {
  EXPECT_EQ(framed("hello", false), "5\r\nhello\r\n");
  EXPECT_EQ(framed("hello", true), "5\r\nhello\r\n0\r\n\r\n");
  EXPECT_EQ(framed("", true), "0\r\n\r\n");
  EXPECT_EQ(framed("", false), "") << "an empty chunk would end the body";
}

}  // namespace
}  // namespace baton::proxy
