#include "http/head_parser.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace baton::http {
namespace {

struct Parsed {
  std::shared_ptr<std::string> text;  // what the head's views point into
  Progress progress = Progress::incomplete;
  RequestHead head;
  Refusal refusal;
};

Parsed parse(const std::string& text, const HeadLimits& limits = {}) {
  Parsed result;
  result.text = std::make_shared<std::string>(text);
  RequestParser parser;
  result.progress = parser.parse(*result.text, result.head, limits);
  result.refusal = parser.refusal();
  return result;
}

// The status with which `text` is refused; 0 when it is not.
int refused(const std::string& text, const HeadLimits& limits = {}) {
  const Parsed result = parse(text, limits);
  return result.progress == Progress::refused ? result.refusal.status : 0;
}

std::string with_lines(const std::string& lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

TEST(RequestHead, IsParsedIntoViews) {
  const std::string text =
      "GET /a/b?c=d HTTP/1.1\r\nHost: Example.org:8080\r\nUser-Agent:  curl/8  "
      "\r\nX-Y:\r\n\r\nrest";
  const Parsed result = parse(text);
  ASSERT_EQ(result.progress, Progress::complete);
  EXPECT_EQ(result.head.method, Method::get);
  EXPECT_EQ(result.head.line, "GET /a/b?c=d HTTP/1.1");
  EXPECT_EQ(result.head.path, "/a/b?c=d");
  EXPECT_EQ(result.head.host, "Example.org");
  EXPECT_EQ(result.head.headers.value(HeaderId::user_agent), "curl/8");
  ASSERT_EQ(result.head.headers.size(), 3u);
  EXPECT_EQ(result.head.headers[2].name, "X-Y");
  EXPECT_EQ(result.head.headers[2].value, "");
  EXPECT_EQ(result.head.bytes, text.size() - 4);
  EXPECT_TRUE(result.head.keep_alive);
}

TEST(RequestHead, GivesTheSameHoweverItIsCutIntoPieces) {
  const std::string text =
      "\r\nPOST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nA: 1\tb\r\nExpect: "
      "100-continue\r\n\r\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    RequestParser parser;
    RequestHead head;
    const Progress first = parser.parse(std::string_view(text).substr(0, cut), head, {});
    ASSERT_EQ(first, cut == text.size() ? Progress::complete : Progress::incomplete) << cut;
    if (first == Progress::incomplete) {
      ASSERT_EQ(parser.parse(text, head, {}), Progress::complete) << cut;
    }
    EXPECT_EQ(head.headers.size(), 4u) << cut;
    EXPECT_EQ(head.framing.content_length, 5u);
    EXPECT_TRUE(head.expects_continue);
    EXPECT_EQ(head.bytes, text.size());
  }
}

TEST(RequestHead, GivesTheSameByteByByte) {
  const std::string text = "GET / HTTP/1.0\nConnection: Keep-Alive\nB: c\n\n";
  RequestParser parser;
  RequestHead head;
  for (std::size_t size = 0; size < text.size(); ++size) {
    ASSERT_EQ(parser.parse(std::string_view(text).substr(0, size), head, {}), Progress::incomplete);
  }
  ASSERT_EQ(parser.parse(text, head, {}), Progress::complete);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.version_minor, 0);
  EXPECT_TRUE(head.headers[0].hop_by_hop);
}

TEST(RequestHead, TakesTheHostOfAnAbsoluteTarget) {
  const Parsed result = parse("GET http://b.org:81?x HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(result.progress, Progress::complete);
  EXPECT_EQ(result.head.host, "b.org");
  EXPECT_EQ(result.head.path, "?x");
  EXPECT_EQ(parse("GET http://b.org HTTP/1.1\r\nHost: a\r\n\r\n").head.path, "/");
}

TEST(RequestHead, RefusesBrokenRequestLines) {
  EXPECT_EQ(refused("get / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refused("G@T / HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refused("\x16\x03\x01\x02"), 400);
  EXPECT_EQ(refused("GET /\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1 x\r\n"), 400);
  EXPECT_EQ(refused("GET /a b HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refused(std::string("GET /\0 HTTP/1.1\r\n", 17)), 400);
  EXPECT_EQ(refused("GET /\x7f HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refused("GET / http/1.1\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\rX: y\r\n\r\n"), 400);
  EXPECT_EQ(refused("GET\t/ HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refused("OPTIONS * HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refused("GET a HTTP/1.1\r\n"), 400);
  EXPECT_EQ(refused("GET / HTTP/2.0\r\n"), 505);
  EXPECT_EQ(refused("GET / HTTP/0.9\r\n"), 400);
  EXPECT_EQ(refused("CONNECT a:80 HTTP/1.1\r\n"), 405);
  EXPECT_EQ(refused("TRACE / HTTP/1.1\r\n"), 405);
}

TEST(RequestHead, TellsTheLineThatWasRefused) {
  EXPECT_EQ(parse("get / HTTP/1.1\r\nHost: a\r\n\r\n").head.line, "get / HTTP/1.1");
}

TEST(RequestHead, RefusesBrokenHeaderLines) {
  EXPECT_EQ(refused(with_lines("A : b\r\n")), 400) << "space before the colon";
  EXPECT_EQ(refused(with_lines("A\t: b\r\n")), 400);
  EXPECT_EQ(refused(with_lines("A: b\r\n c\r\n")), 400) << "obsolete fold";
  EXPECT_EQ(refused(with_lines("A: b\r\n\tc\r\n")), 400);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400) << "blank before the first line";
  EXPECT_EQ(refused(with_lines("A: b\rc\r\n")), 400) << "bare CR";
  EXPECT_EQ(refused(with_lines("A: b\r\r\n")), 400);
  EXPECT_EQ(refused(with_lines(std::string("A: b\0c\r\n", 8))), 400) << "NUL";
  EXPECT_EQ(refused(with_lines("A: b\x01\r\n")), 400);
  EXPECT_EQ(refused(with_lines("A: b\x7f\r\n")), 400);
  EXPECT_EQ(refused(with_lines("A\r\n")), 400) << "no colon";
  EXPECT_EQ(refused(with_lines(": b\r\n")), 400) << "no name";
}

TEST(RequestHead, DropsOddNamesOrKeepsThemAsConfigured) {
  const std::string text = with_lines("a_b: 1\r\nc!d: 2\r\n\xc3\xa9: 3\r\nE-f: 4\r\n");
  EXPECT_EQ(parse(text).head.headers.size(), 2u);
  EXPECT_EQ(parse(text, {.underscores_in_headers = true}).head.headers.size(), 3u);
  EXPECT_EQ(refused(text, {.ignore_invalid_headers = false}), 400) << "no token";
  EXPECT_EQ(parse(with_lines("a_b: 1\r\nc!d: 2\r\n"), {.ignore_invalid_headers = false})
                .head.headers.size(),
            3u);
}

TEST(RequestHead, KeepsToItsLimits) {
  const std::string name(8300, 'a');
  EXPECT_EQ(refused("GET /" + name + " HTTP/1.1\r\n"), 414);
  EXPECT_EQ(refused("GET /" + name), 414) << "before the end of the line";
  EXPECT_EQ(refused(with_lines("A: " + name + "\r\n")), 494);
  EXPECT_EQ(refused(with_lines("A: " + name).substr(0, 8300)), 494);
  std::string many;
  for (int i = 0; i < 1001; ++i) many += "A: b\r\n";
  EXPECT_EQ(refused(with_lines(many)), 400);
  std::string large;
  for (int i = 0; i < 40; ++i) large += "A: " + std::string(1000, 'b') + "\r\n";
  EXPECT_EQ(refused(with_lines(large)), 494);
  EXPECT_EQ(refused(with_lines(many.substr(0, 999 * 6))), 0);
}

TEST(RequestHead, ReadsValuesOfAnyLengthRightly) {
  // Around the word size of the scanner, with tabs in every place.
  for (std::size_t size = 1; size < 40; ++size) {
    for (std::size_t tab = 1; tab < size; ++tab) {
      std::string value(size, 'v');
      value[tab] = '\t';
      value += 'w';
      const std::string text = with_lines("A: " + value + "\r\n");
      const Parsed result = parse(text);
      ASSERT_EQ(result.progress, Progress::complete) << size << " " << tab;
      ASSERT_EQ(result.head.headers[1].value, value);
      std::string broken = value;
      broken[tab] = '\x02';
      ASSERT_EQ(refused(with_lines("A: " + broken + "\r\n")), 400);
    }
  }
}

TEST(ResponseHead, IsParsed) {
  ResponseParser parser;
  ResponseHead head;
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX: y\r\n\r\nabc";
  ASSERT_EQ(parser.parse(text, head, Method::get, {}), Progress::complete);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.reason, "OK");
  EXPECT_EQ(head.line, "HTTP/1.1 200 OK");
  EXPECT_EQ(head.framing.kind, BodyKind::length);
  EXPECT_EQ(head.bytes, text.size() - 3);
  EXPECT_TRUE(head.keep_alive);
}

TEST(ResponseHead, MayLackAReason) {
  ResponseParser parser;
  ResponseHead head;
  const std::string text = "HTTP/1.0 204\r\n\r\n";
  ASSERT_EQ(parser.parse(text, head, Method::get, {}), Progress::complete);
  EXPECT_EQ(head.status, 204);
  EXPECT_FALSE(head.keep_alive);
}

TEST(ResponseHead, RefusesWhatIsNoHttp) {
  for (const std::string text :
       {"ICY 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA b\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"}) {
    ResponseParser parser;
    ResponseHead head;
    EXPECT_EQ(parser.parse(text, head, Method::get, {}), Progress::refused) << text;
    EXPECT_EQ(parser.refusal().status, 502);
  }
}

TEST(ResponseHead, GivesTheSameHoweverItIsCutIntoPieces) {
  const std::string text =
      "HTTP/1.1 301 Moved\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    ResponseParser parser;
    ResponseHead head;
    ASSERT_EQ(parser.parse(std::string_view(text).substr(0, cut), head, Method::get, {}),
              Progress::incomplete)
        << cut;
    ASSERT_EQ(parser.parse(text, head, Method::get, {}), Progress::complete) << cut;
    EXPECT_EQ(head.framing.kind, BodyKind::chunked);
    EXPECT_EQ(head.headers.size(), 2u);
  }
}

// What the log says of a request with these lines.
std::string told(const std::string& lines, const HeadLimits& limits = {}) {
  return parse(with_lines(lines), limits).refusal.text();
}

TEST(RequestHead, ShowsTheLineThatIsRefused) {
  EXPECT_EQ(told("X\x02y: b\r\n"), "client sent invalid header line: \"X\\x02...\"");
  EXPECT_EQ(told("X-a: b\x01"
                 "c\r\n"),
            "client sent invalid header line: \"X-a: b\\x01...\"");
  EXPECT_EQ(told(": b\r\n"), "client sent invalid header line: \"\\x3a...\"");
  EXPECT_EQ(told("Host: b\r\n"),
            "client sent duplicate host header: \"Host: b\", previous value: \"Host: a\"");
  EXPECT_EQ(told("If-Match: x\r\nif-match: y\r\n"),
            "client sent duplicate header line: \"if-match: y\", previous value: \"If-Match: x\"");
  EXPECT_EQ(told("Transfer-Encoding: gzip\r\n"),
            "client sent unknown \"Transfer-Encoding\": \"gzip\"");
}

TEST(RequestHead, ShowsTheBeginningOfALineThatIsTooLong) {
  HeadLimits limits;
  limits.line_bytes = 20;
  EXPECT_EQ(told("X: " + std::string(30, 'y') + "\r\n", limits),
            "client sent too long header line: \"X: " + std::string(30, 'y') + "...\"");
  limits.line_bytes = 5000;
  EXPECT_LT(told("X: " + std::string(6000, 'y'), limits).size(), 2000u);
}

TEST(RequestHead, RemembersTheFirstLinesThatItDrops) {
  std::string lines;
  for (int i = 0; i < 20; ++i) lines += "a.b: " + std::to_string(i) + "\r\n";
  const std::string text = with_lines(lines);
  RequestParser parser;
  RequestHead head;
  ASSERT_EQ(parser.parse(text, head, {}), Progress::complete);
  ASSERT_EQ(parser.dropped().size(), 8u);
  EXPECT_EQ(parser.dropped()[1], "a.b: 1");
  parser.restart();
  EXPECT_TRUE(parser.dropped().empty());
}

TEST(ResponseHead, ShowsTheLineThatIsRefused) {
  const auto told_of = [](std::string lines) {
    const std::string text = "HTTP/1.1 200 OK\r\n" + lines + "\r\n";
    ResponseParser parser;
    ResponseHead head;
    EXPECT_EQ(parser.parse(text, head, Method::get, {}), Progress::refused);
    return parser.refusal().text();
  };
  EXPECT_EQ(told_of("X: a\x01\r\n"), "upstream sent invalid header: \"X: a\\x01...\"");
  EXPECT_EQ(told_of("Content-Length: 1\r\nContent-Length: 2\r\n"),
            "upstream sent duplicate header line: \"Content-Length: 2\", previous value: "
            "\"Content-Length: 1\"");
  EXPECT_EQ(told_of("Content-Length: x\r\n"),
            "upstream sent invalid \"Content-Length\" header: \"Content-Length: x\"");
}

}  // namespace
}  // namespace baton::http
