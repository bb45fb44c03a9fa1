#include "http/framing.h"

#include <gtest/gtest.h>

#include <string>

#include "http/head_parser.h"

namespace baton::http {
namespace {

// Parses a request with `lines` between Host and the end.
struct Judged {
  explicit Judged(std::string lines, std::string version = "1.1", bool host = true)
      : text("POST / HTTP/" + version + "\r\n" + (host ? "Host: a\r\n" : "") + lines + "\r\n") {
    progress = parser.parse(text, head, {});
  }
  [[nodiscard]] int status() const {
    return progress == Progress::complete ? 200 : parser.refusal().status;
  }
  std::string text;
  RequestParser parser;
  RequestHead head;
  Progress progress;
};

TEST(RequestFraming, ComesFromContentLengthOrChunked) {
  EXPECT_EQ(Judged("").head.framing.kind, BodyKind::none);
  EXPECT_EQ(Judged("Content-Length: 0\r\n").head.framing.kind, BodyKind::none);
  const Judged length("Content-Length: 12\r\n");
  EXPECT_EQ(length.head.framing.kind, BodyKind::length);
  EXPECT_EQ(length.head.framing.content_length, 12u);
  EXPECT_EQ(Judged("Transfer-Encoding: Chunked\r\n").head.framing.kind, BodyKind::chunked);
}

TEST(RequestFraming, RefusesWhatTwoServersCouldReadInTwoWays) {
  EXPECT_EQ(Judged("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length: 1\r\nContent-Length: 2\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length: 1\r\nContent-Length: 1\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length: 1, 1\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length: +1\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length: -1\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length: 0x1\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length: 1 2\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length:\r\n").status(), 400);
  EXPECT_EQ(Judged("Content-Length: 9223372036854775808\r\n").status(), 400);
  EXPECT_EQ(Judged("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n").status(), 400);
  EXPECT_EQ(Judged("Transfer-Encoding: chunked\r\n", "1.0").status(), 400);
  EXPECT_EQ(Judged("Transfer-Encoding: gzip, chunked\r\n").status(), 501);
  EXPECT_EQ(Judged("Transfer-Encoding: chunked, identity\r\n").status(), 501);
  EXPECT_EQ(Judged("Transfer-Encoding: xchunked\r\n").status(), 501);
  EXPECT_EQ(Judged("Transfer-Encoding: \x0b"
                   "chunked\r\n")
                .status(),
            400);
}

TEST(RequestFraming, WantsExactlyOneGoodHost) {
  EXPECT_EQ(Judged("", "1.1", false).status(), 400);
  EXPECT_EQ(Judged("", "1.0", false).status(), 200);
  EXPECT_EQ(Judged("Host: b\r\n").status(), 400);
  for (const std::string host :
       {"", "a b", "a/b", "a@b", "a,b/c", "..", "a..b", "a:x", "[::1", ":80", "a:123456", "a#b"}) {
    EXPECT_EQ(Judged("Host: " + host + "\r\n", "1.1", false).status(), 400) << host;
  }
  EXPECT_EQ(Judged("Host: [::1]:80\r\n", "1.1", false).head.host, "[::1]");
  EXPECT_EQ(Judged("Host: a.b.\r\n", "1.1", false).head.host, "a.b");
}

TEST(RequestFraming, KnowsWhetherTheClientGoesOn) {
  EXPECT_TRUE(Judged("").head.keep_alive);
  EXPECT_FALSE(Judged("Connection: foo, Close\r\n").head.keep_alive);
  EXPECT_FALSE(Judged("Connection: foo\r\nConnection: close\r\n").head.keep_alive);
  EXPECT_FALSE(Judged("", "1.0").head.keep_alive);
  EXPECT_TRUE(Judged("Connection: keep-alive\r\n", "1.0").head.keep_alive);
  EXPECT_FALSE(Judged("Connection: keep-alive, close\r\n", "1.0").head.keep_alive);
}

TEST(HopByHop, LinesNamedByConnectionAreMarked) {
  const Judged judged(
      "Connection: x, Foo ,, content-length, X-Forwarded-For\r\nFoo: 1\r\nBar: 2\r\n"
      "Content-Length: 3\r\nTE: trailers\r\nX-Forwarded-For: 1.1.1.1\r\n");
  ASSERT_EQ(judged.status(), 200);
  std::string marked;
  for (const Header& line : judged.head.headers) {
    if (line.hop_by_hop) marked += std::string(line.name) + " ";
  }
  EXPECT_EQ(marked, "Connection Foo TE ");
}

TEST(HopByHop, UpgradeIsAWishOnlyWhenConnectionNamesIt) {
  EXPECT_TRUE(Judged("Connection: Upgrade\r\nUpgrade: websocket\r\n").head.wants_upgrade);
  EXPECT_FALSE(Judged("Upgrade: websocket\r\n").head.wants_upgrade);
  EXPECT_FALSE(Judged("Connection: upgrade\r\n").head.wants_upgrade);
}

// A response with `lines` to a request with `method`.
struct Answer {
  explicit Answer(std::string status, std::string lines, Method method = Method::get)
      : text("HTTP/1.1 " + status + " X\r\n" + lines + "\r\n") {
    progress = parser.parse(text, head, method, {});
  }
  std::string text;
  ResponseParser parser;
  ResponseHead head;
  Progress progress;
};

TEST(ResponseFraming, FollowsTheOrderOfTheRfc) {
  EXPECT_EQ(Answer("200", "Content-Length: 4\r\n", Method::head).head.framing.kind, BodyKind::none);
  EXPECT_EQ(Answer("204", "Content-Length: 4\r\n").head.framing.kind, BodyKind::none);
  EXPECT_EQ(Answer("304", "Transfer-Encoding: chunked\r\n").head.framing.kind, BodyKind::none);
  EXPECT_EQ(Answer("200", "Transfer-Encoding: chunked\r\n").head.framing.kind, BodyKind::chunked);
  EXPECT_EQ(Answer("200", "Content-Length: 4\r\n").head.framing.content_length, 4u);
  const Answer until_close("200", "");
  EXPECT_EQ(until_close.head.framing.kind, BodyKind::until_close);
  EXPECT_FALSE(until_close.head.keep_alive);
}

TEST(ResponseFraming, RefusesWhatTwoServersCouldReadInTwoWays) {
  for (const std::string lines :
       {"Content-Length: 1\r\nContent-Length: 1\r\n", "Content-Length: a\r\n",
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
    EXPECT_EQ(Answer("200", lines).progress, Progress::refused) << lines;
  }
}

}  // namespace
}  // namespace baton::http
