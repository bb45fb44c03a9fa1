// Stored passwords, made by `openssl passwd` and `htpasswd`.

#include "proxy/access/password.h"

#include <gtest/gtest.h>

namespace baton::proxy {

namespace {

void expect_only(const std::string& stored, const std::string& password) {
  EXPECT_TRUE(password_fits(stored, password)) << stored;
  EXPECT_FALSE(password_fits(stored, password + "x")) << stored;
  EXPECT_FALSE(password_fits(stored, "")) << stored;
  EXPECT_FALSE(password_fits(stored.substr(0, stored.size() - 2), password)) << stored;
}

TEST(Password, KnowsApacheMd5) {
  expect_only("$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/", "secret");
  expect_only("$apr1$xy$KWmjAYxMqmqTjytotPjDu.", "a much longer password than sixteen bytes");
}

TEST(Password, KnowsCrypt) {
  expect_only("$1$abc$iCQ2D3nhptRYi27fDYv2s1", "secret");
  expect_only("$5$abc$qsg6EHbUzHQzF1POlD7zUwBINSELQxypPaeDcZe6vH0", "secret");
  expect_only(
      "$6$abc$IdWKNKTJEb8LxY7CGg8YBXlvtfZzFw7Mp/r6niK9YB2mdvgY..TKjv1T..8RadRt2qvUHYRLr/"
      "TsVArtr91iR1",
      "secret");
  expect_only("$2y$05$bvIG6Nmid91Mu9RcmmWZfO5HJIMCT8riNW0hEp8f6/FuA2/mHZFpe", "password");
}

TEST(Password, KnowsLdapForms) {
  expect_only("{PLAIN}secret", "secret");
  expect_only("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", "secret");
  expect_only("{SSHA}gVK8WC9YyFT1gMsQHTGCgT3sSv5zYWx0", "secret");
}

TEST(Password, RefusesWhatIsNoHash) {
  EXPECT_FALSE(password_fits("", ""));
  EXPECT_FALSE(password_fits("", "secret"));
  EXPECT_FALSE(password_fits("secret", "secret"));
  EXPECT_FALSE(password_fits("*0", "secret"));
  EXPECT_FALSE(password_fits("$9$what$ever", "secret"));
  EXPECT_FALSE(password_fits("{SHA}", ""));
  EXPECT_FALSE(password_fits("{SSHA}####", "secret"));
}

TEST(Password, TellsSlowHashesFromQuickOnes) {
  EXPECT_TRUE(is_slow_password_hash("$2y$12$abc"));
  EXPECT_TRUE(is_slow_password_hash("$apr1$x$y"));
  EXPECT_FALSE(is_slow_password_hash("{PLAIN}secret"));
  EXPECT_FALSE(is_slow_password_hash("{SSHA}abc"));
}

}  // namespace

}  // namespace baton::proxy
