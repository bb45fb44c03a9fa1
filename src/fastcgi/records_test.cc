#include "fastcgi/records.h"

#include <gtest/gtest.h>

namespace baton::fastcgi {
namespace {

std::string record(Type type, std::string_view content, std::size_t padding = 0) {
  const Header header = make_header(type, content.size());
  std::string text(header.data(), header.size());
  text[6] = static_cast<char>(padding);
  return text.append(content).append(padding, '\0');
}

struct Decoded {
  std::string output;
  std::string errors;
  bool ended = false;
  bool surplus = false;
  std::string problem;
};

Decoded decode(std::string stream, std::size_t step) {
  ResponseDecoder decoder;
  Decoded decoded;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    const std::size_t size = std::min(step, stream.size() - at);
    const auto output = decoder.decode({stream.data() + at, size});
    if (!output) break;
    decoded.output.append(stream, at, *output);
  }
  decoded.errors = decoder.errors();
  decoded.ended = decoder.ended();
  decoded.surplus = decoder.has_surplus();
  decoded.problem = decoder.problem();
  return decoded;
}

TEST(FastcgiRecords, AResponseIsTakenApartHoweverItIsCut) {
  const std::string stream = record(Type::stdout_bytes, "Status: 200\r\n\r\n", 1) +
                             record(Type::stderr_bytes, "PHP warning", 5) +
                             record(Type::stdout_bytes, std::string(70000 % 65536, 'x')) +
                             record(Type::stdout_bytes, "") +
                             record(Type::end_request, std::string(8, '\0'));
  for (const std::size_t step : {1u, 2u, 7u, 8u, 9u, 100u, 65536u}) {
    const Decoded decoded = decode(stream, step);
    EXPECT_EQ(decoded.output, "Status: 200\r\n\r\n" + std::string(70000 % 65536, 'x')) << step;
    EXPECT_EQ(decoded.errors, "PHP warning");
    EXPECT_TRUE(decoded.ended);
    EXPECT_FALSE(decoded.surplus);
  }
}

TEST(FastcgiRecords, WhatFollowsTheEndIsSurplus) {
  const std::string end = record(Type::end_request, std::string(8, '\0'));
  EXPECT_TRUE(decode(end + "x", 1).surplus);
  EXPECT_TRUE(decode(end + "x", 100).surplus);
}

TEST(FastcgiRecords, WhatIsNoFastcgiIsRefusedInNginxWords) {
  EXPECT_EQ(decode("HTTP/1.1 200 OK\r\n", 100).problem,
            "upstream sent unsupported FastCGI protocol version: 72");
  EXPECT_EQ(decode(record(Type::params, "x"), 100).problem,
            "upstream sent invalid FastCGI record type: 4");
  std::string other = record(Type::stdout_bytes, "x");
  other[3] = 2;
  EXPECT_EQ(decode(other, 100).problem, "upstream sent unexpected FastCGI request id low byte: 2");
}

TEST(FastcgiRecords, ErrorsAreBounded) {
  std::string stream;
  for (int i = 0; i < 100; ++i) stream += record(Type::stderr_bytes, std::string(1000, 'e'));
  EXPECT_EQ(decode(stream, 4096).errors.size(), ResponseDecoder::errors_bytes_max);
}

TEST(FastcgiRecords, LongPairsHaveLongLengths) {
  std::string pairs;
  append_pair(pairs, "A", "b");
  append_pair(pairs, std::string(127, 'n'), std::string(128, 'v'));
  EXPECT_EQ(pairs, std::string("\x01\x01") + "Ab" + std::string("\x7f\x80\x00\x00\x80", 5) +
                       std::string(127, 'n') + std::string(128, 'v'));
}

TEST(FastcgiRecords, AStreamIsCutIntoRecordsAndEnded) {
  std::string records;
  append_stream(records, Type::stdin_bytes, std::string(content_bytes_max + 1, 'x'), true);
  EXPECT_EQ(records.size(), 3 * header_bytes + content_bytes_max + 1);
  EXPECT_EQ(records.substr(0, 8), std::string("\x01\x05\x00\x01\x80\x00\x00\x00", 8));
  EXPECT_EQ(records.substr(records.size() - 8), std::string("\x01\x05\x00\x01\x00\x00\x00\x00", 8));
}

TEST(FastcgiRecords, TheBeginSaysWhetherTheConnectionStays) {
  std::string kept;
  append_begin(kept, true);
  EXPECT_EQ(kept,
            std::string("\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x01\x00\x00\x00\x00\x00", 16));
  std::string closed;
  append_begin(closed, false);
  EXPECT_EQ(closed[10], '\0');
}

}  // namespace
}  // namespace baton::fastcgi
