#include "proxy/client/request_body.h"

#include <gtest/gtest.h>

namespace baton::proxy {
namespace {

TEST(RequestBody, ThatCameWholeIsKnownToBeWhole) {
  std::string early = "helloGET /";
  RequestBody body;
  body.begin({http::BodyKind::length, 5}, early, 0);
  ASSERT_TRUE(body.is_whole_early());
  EXPECT_EQ(std::string(body.whole_early().data(), body.whole_early().size()), "hello");
  EXPECT_FALSE(body.finished());
  body.skip_whole_early();
  EXPECT_TRUE(body.finished());
  EXPECT_EQ(body.early_used(), 5u);
  EXPECT_EQ(body.received(), 5u);
}

TEST(RequestBody, ThatIsNotWholeIsTakenInPieces) {
  std::string early = "hel";
  RequestBody body;
  body.begin({http::BodyKind::length, 5}, early, 0);
  EXPECT_FALSE(body.is_whole_early());
  const auto piece = body.take_early();
  ASSERT_TRUE(piece.has_value());
  EXPECT_EQ(piece->bytes.size(), 3u);
  EXPECT_FALSE(piece->last);
  EXPECT_EQ(body.left(), 2u);
  EXPECT_FALSE(body.has_early());
}

TEST(RequestBody, ChunkedLeavesWhatBelongsToTheNextRequest) {
  std::string early = "5\r\nhello\r\n0\r\n\r\nGET /";
  RequestBody body;
  body.begin({http::BodyKind::chunked, 0}, early, 0);
  const auto piece = body.take_early();
  ASSERT_TRUE(piece.has_value());
  EXPECT_EQ(std::string(piece->bytes.data(), piece->bytes.size()), "hello");
  EXPECT_TRUE(piece->last);
  EXPECT_EQ(body.early_used(), early.size() - 5);
}

TEST(RequestBody, BrokenOrTooLargeIsTheClientsFault) {
  std::string bad = "zz\r\n";
  RequestBody body;
  body.begin({http::BodyKind::chunked, 0}, bad, 0);
  auto piece = body.take_early();
  ASSERT_FALSE(piece.has_value());
  EXPECT_EQ(piece.error().kind, ErrorKind::malformed);
  EXPECT_EQ(piece.error().side, Side::client);

  std::string large = "5\r\nhello\r\n";
  body.begin({http::BodyKind::chunked, 0}, large, 4);
  piece = body.take_early();
  ASSERT_FALSE(piece.has_value());
  EXPECT_EQ(piece.error().kind, ErrorKind::too_large);
}

TEST(RequestBody, GivenUpIsFinishedForReadersButNotDrained) {
  std::string raw = "helloGET";
  RequestBody body;
  body.begin({http::BodyKind::length, 5}, raw, 0);
  body.give_up();
  EXPECT_TRUE(body.finished());
  EXPECT_FALSE(body.is_whole_early());
  EXPECT_FALSE(body.is_drained());
  ASSERT_TRUE(body.take_early().has_value());
  EXPECT_TRUE(body.is_drained());
  EXPECT_EQ(body.early_used(), 5u);

  body.begin({http::BodyKind::length, 5}, raw, 0);
  EXPECT_FALSE(body.finished());
}

}  // namespace
}  // namespace baton::proxy
