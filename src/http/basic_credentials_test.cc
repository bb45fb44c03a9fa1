// Names and passwords of the Basic scheme.

#include "http/basic_credentials.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

TEST(BasicCredentials, AreCutAtTheFirstColon) {
  const auto found = parse_basic_credentials("basic   YWxhZGRpbjpvcGVuOnNlc2FtZQ==");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->user, "aladdin");
  EXPECT_EQ(found->password, "open:sesame");
}

TEST(BasicCredentials, OfAnotherFormAreNone) {
  for (const char* value : {"", "Basic", "Basic ", "Bearer YWI6Yw==", "Basic YWJj", "Basic OmFi",
                            "Basic YWI6Y*==", "BasicYWI6Yw=="}) {
    EXPECT_FALSE(parse_basic_credentials(value)) << value;
  }
}

}  // namespace
}  // namespace baton::http
