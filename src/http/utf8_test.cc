#include "http/utf8.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

using Kind = Utf8Character::Kind;

TEST(Utf8, CharactersOfEveryLengthAreRead) {
  EXPECT_EQ(decode_utf8("a").number, U'a');
  EXPECT_EQ(decode_utf8("\xc2\xa0z").number, 0xa0u);
  EXPECT_EQ(decode_utf8("\xe2\x82\xac").number, 0x20acu);
  const Utf8Character face = decode_utf8("\xf0\x9f\x98\x80");
  EXPECT_EQ(face.kind, Kind::whole);
  EXPECT_EQ(face.number, 0x1f600u);
  EXPECT_EQ(face.bytes, 4u);
}

TEST(Utf8, ATextMayEndWithinACharacter) {
  EXPECT_EQ(decode_utf8("\xe2\x82").kind, Kind::cut);
  EXPECT_EQ(decode_utf8("\xf0").kind, Kind::cut);
}

TEST(Utf8, WhatNoEncoderWritesIsBroken) {
  for (const char* text : {"\x80", "\xff", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xc3(", "\xe2\x82z"}) {
    EXPECT_EQ(decode_utf8(text).kind, Kind::broken) << text;
  }
  EXPECT_EQ(decode_utf8("\xe2\x82z").bytes, 2u);
}

}  // namespace
}  // namespace baton::http
