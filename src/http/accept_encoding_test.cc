#include "http/accept_encoding.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

TEST(AcceptEncoding, GzipIsTakenByName) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("gzip, deflate"));
  EXPECT_TRUE(accepts_gzip("deflate,GZIP"));
  EXPECT_TRUE(accepts_gzip("br;q=1.0, gzip;q=0.8, *;q=0.1"));
}

TEST(AcceptEncoding, NothingElseAsksForGzip) {
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_FALSE(accepts_gzip("*"));
  EXPECT_FALSE(accepts_gzip("deflate, br"));
  EXPECT_FALSE(accepts_gzip("x-gzip"));
  EXPECT_FALSE(accepts_gzip("gzipped"));
  EXPECT_FALSE(accepts_gzip("gzi"));
}

TEST(AcceptEncoding, AWeightOfZeroRefuses) {
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("gzip; q=0.000, deflate"));
  EXPECT_TRUE(accepts_gzip("gzip;q=0.001"));
  EXPECT_TRUE(accepts_gzip("gzip ; Q=1.000"));
}

TEST(AcceptEncoding, TabsAreWhiteSpace) {
  EXPECT_TRUE(accepts_gzip("gzip\t,deflate"));
  EXPECT_TRUE(accepts_gzip("deflate,\tgzip;\tq=0.5"));
  EXPECT_TRUE(accepts_gzip("gzip;q=0.5\t,deflate"));
  EXPECT_FALSE(accepts_gzip("gzip\tdeflate"));
}

TEST(AcceptEncoding, AWeightThatIsNoneRefuses) {
  EXPECT_FALSE(accepts_gzip("gzip;q=2"));
  EXPECT_FALSE(accepts_gzip("gzip;q=1.001"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0.1234"));
  EXPECT_FALSE(accepts_gzip("gzip;level=1"));
  EXPECT_FALSE(accepts_gzip("gzip;q="));
}

}  // namespace
}  // namespace baton::http
