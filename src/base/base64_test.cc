// Base64: RFC 4648 section 10.

#include "base/base64.h"

#include <gtest/gtest.h>

namespace baton {
namespace {

TEST(Base64, HasThePublishedForms) {
  EXPECT_EQ(encode_base64(""), "");
  EXPECT_EQ(encode_base64("f"), "Zg==");
  EXPECT_EQ(encode_base64("fo"), "Zm8=");
  EXPECT_EQ(encode_base64("foo"), "Zm9v");
  EXPECT_EQ(encode_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(decode_base64("Zm9vYg"), "foob");
  EXPECT_EQ(decode_base64("Zm9vYg==more"), "foob");
}

TEST(Base64, RefusesWhatIsNotOfItsAlphabet) {
  EXPECT_FALSE(decode_base64("Zm9*"));
  EXPECT_FALSE(decode_base64("Z"));
  EXPECT_FALSE(decode_base64("_-__"));
  EXPECT_EQ(decode_base64_url("_-__"), "\xff\xef\xff");
  EXPECT_FALSE(decode_base64_url("//++"));
}

}  // namespace
}  // namespace baton
