// gzip and gunzip as body filters, one against the other.

#include "proxy/filters/gzip_filter.h"

#include <gtest/gtest.h>

#include "proxy/filters/gunzip_filter.h"
#include "proxy/request.h"

namespace baton::proxy {
namespace {

std::string text_of(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i) text += "line " + std::to_string(i * i) + " of a text\n";
  return text;
}

std::string compress(std::string_view text, const config::CompressionSettings& settings = {}) {
  Request request;
  GzipFilter filter(settings, text.size(), request);
  std::string output;
  EXPECT_TRUE(filter.filter(text, BodyPart::last, output));
  EXPECT_EQ(request.gzip_in_bytes, text.size());
  EXPECT_EQ(request.gzip_out_bytes, output.size());
  return output;
}

// The same as a stream, in two pieces.
std::string compress_in_pieces(std::string_view text) {
  Request request;
  GzipFilter filter({}, text.size(), request);
  std::string output;
  EXPECT_TRUE(filter.filter(text.substr(0, text.size() / 2), BodyPart::more, output));
  EXPECT_TRUE(filter.filter(text.substr(text.size() / 2), BodyPart::last, output));
  return output;
}

// Feeds `packed` in pieces of `step` bytes; nullopt when it is broken.
std::optional<std::string> unpack(std::string_view packed, std::size_t step) {
  GunzipFilter filter;
  std::string text;
  std::string output;
  while (true) {
    std::string_view piece = packed.substr(0, step);
    packed.remove_prefix(piece.size());
    const BodyPart part = packed.empty() ? BodyPart::last : BodyPart::more;
    do {
      output.clear();
      if (!filter.filter(piece, part, output)) return std::nullopt;
      EXPECT_LE(output.size(), 65536u);
      text += output;
      piece = {};
    } while (filter.has_more());
    if (part == BodyPart::last) return text;
  }
}

TEST(Gzip, WhatIsShortIsNotStoredAsItIs) {
  // 10 bytes of head, 8 of checksum and length, and a letter is hardly more than a byte.
  EXPECT_EQ(compress("SEE-THIS").size(), 28u);
  EXPECT_LT(compress("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").size(), 28u);
}

TEST(Gzip, UnpacksToWhatWasPacked) {
  for (const std::size_t lines : {0u, 1u, 50u, 3000u}) {
    const std::string text = text_of(lines);
    EXPECT_EQ(unpack(compress(text), 1000), text) << lines;
    EXPECT_EQ(unpack(compress_in_pieces(text), 1000), text) << lines;
  }
}

TEST(Gzip, AStreamIsUsedAgainAsIfItWereNew) {
  const std::string text = text_of(500);
  const std::string first = compress_in_pieces(text);
  EXPECT_EQ(compress_in_pieces(text), first);
  const std::string whole = compress(text);
  EXPECT_EQ(compress(text), whole);
}

TEST(Gzip, EveryLevelPacksAWholeBody) {
  const std::string text = text_of(2000);
  std::size_t larger = SIZE_MAX;
  for (const int level : {1, 5, 9}) {
    config::CompressionSettings settings;
    settings.level = level;
    const std::string packed = compress(text, settings);
    EXPECT_EQ(unpack(packed, 1000), text);
    EXPECT_LT(packed.size(), larger) << level;
    larger = packed.size();
  }
}

TEST(Gzip, ASmallWindowIsKept) {
  config::CompressionSettings settings;
  settings.window_bits = 9;
  const std::string text = text_of(500);
  EXPECT_EQ(unpack(compress(text, settings), 1000), text);
}

TEST(Gzip, AFlushGivesAllThatCameBefore) {
  Request request;
  GzipFilter filter({}, std::nullopt, request);
  std::string output;
  ASSERT_TRUE(filter.filter("first", BodyPart::flush, output));
  GunzipFilter reverse;
  std::string text;
  ASSERT_TRUE(reverse.filter(output, BodyPart::more, text));
  EXPECT_EQ(text, "first");
  std::string nothing;
  ASSERT_TRUE(filter.filter("", BodyPart::flush, nothing));
  EXPECT_EQ(nothing, "");
}

TEST(Gzip, ManyStreamsAtOnceAreApart) {
  std::vector<std::unique_ptr<Request>> requests;
  std::vector<std::unique_ptr<GzipFilter>> filters;
  std::vector<std::string> outputs(20);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    requests.push_back(std::make_unique<Request>());
    filters.push_back(std::make_unique<GzipFilter>(config::CompressionSettings{}, std::nullopt,
                                                   *requests.back()));
    ASSERT_TRUE(filters[i]->filter(text_of(i), BodyPart::more, outputs[i]));
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ASSERT_TRUE(filters[i]->filter("end", BodyPart::last, outputs[i]));
    EXPECT_EQ(unpack(outputs[i], 64), text_of(i) + "end");
  }
}

TEST(Gunzip, GivesAHugeBodyInBoundedPieces) {
  const std::string zeros(10u << 20, '\0');
  const std::string packed = compress(zeros);
  ASSERT_LT(packed.size(), 65536u);
  EXPECT_EQ(unpack(packed, 65536), zeros);
}

TEST(Gunzip, TakesSeveralMembers) {
  EXPECT_EQ(unpack(compress("one ") + compress("two"), 7), "one two");
}

TEST(Gunzip, RefusesWhatIsBrokenOrEndsEarly) {
  std::string packed = compress(text_of(100));
  EXPECT_EQ(unpack(std::string_view(packed).substr(0, packed.size() / 2), 100), std::nullopt);
  packed[packed.size() / 2] ^= 0x55;
  packed[packed.size() - 5] ^= 0x55;
  EXPECT_EQ(unpack(packed, 100), std::nullopt);
  EXPECT_EQ(unpack("no gzip at all, not at all", 100), std::nullopt);
}

}  // namespace
}  // namespace baton::proxy
