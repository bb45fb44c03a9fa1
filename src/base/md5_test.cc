#include "base/md5.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace baton {
namespace {

std::string hex(const Md5& digest) {
  std::string text;
  for (const std::uint8_t byte : digest) text += fmt::format("{:02x}", byte);
  return text;
}

TEST(Md5Test, GivesTheDigestsOfTheRfcsTestSuite) {
  EXPECT_EQ(hex(md5("")), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(hex(md5("message digest")), "f96b697d7cb7938d525a2f31aaf161d0");
}

TEST(Md5Test, PartsInARowAreTheSameAsTheWhole) {
  EXPECT_EQ(md5({"message", "", " digest"}), md5("message digest"));
}

}  // namespace
}  // namespace baton
