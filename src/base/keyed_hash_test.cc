// SipHash against the vectors of its reference implementation.

#include "base/keyed_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace baton {

namespace {

// Key 00 01 ... 0f, as the reference vectors have it.
constexpr HashSecret counting{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

TEST(KeyedHash, GivesTheReferenceVectors) {
  EXPECT_EQ(keyed_hash(counting, ""), (KeyHash{0xe6a825ba047f81a3ULL, 0x930255c71472f66dULL}));
  EXPECT_EQ(keyed_hash(counting, std::string(1, '\0')),
            (KeyHash{0x44af996bd8c187daULL, 0x45fc229b11597634ULL}));
}

TEST(KeyedHash, DependsOnTheSecretAndOnEveryByte) {
  const HashSecret other{1, 2};
  EXPECT_NE(keyed_hash(counting, "abcdefghi"), keyed_hash(other, "abcdefghi"));
  EXPECT_NE(keyed_hash(counting, "abcdefghi"), keyed_hash(counting, "abcdefghj"));
  EXPECT_NE(keyed_hash(counting, "abcdefgh"), keyed_hash(counting, std::string("abcdefgh\0", 9)));
}

}  // namespace

}  // namespace baton
