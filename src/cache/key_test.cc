#include "cache/key.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "cache/temporary_name.h"

namespace baton::cache {
namespace {

http::HeaderTable request(std::string_view name, std::string_view value) {
  http::HeaderTable headers;
  headers.add(name, value, http::find_header_id(name));
  return headers;
}

TEST(KeyTest, FilesLieWhereNginxPutsThem) {
  // The example of nginx's documentation.
  const auto key = key_of_name("b7f54b2df7773722d382f4809d65029c");
  ASSERT_TRUE(key);
  EXPECT_EQ(entry_path("/data/nginx/cache", {1, 2, 0}, *key),
            "/data/nginx/cache/c/29/b7f54b2df7773722d382f4809d65029c");
  EXPECT_EQ(entry_path("/c", {0, 0, 0}, *key), "/c/b7f54b2df7773722d382f4809d65029c");
  EXPECT_EQ(entry_path("/c", {2, 2, 2}, *key), "/c/9c/02/65/b7f54b2df7773722d382f4809d65029c");
}

TEST(KeyTest, OtherNamesAreNoKeys) {
  EXPECT_FALSE(key_of_name("b7f54b2df7773722d382f4809d65029"));
  EXPECT_FALSE(key_of_name("b7f54b2df7773722d382f4809d65029x"));
  EXPECT_FALSE(key_of_name("b7f54b2df7773722d382f4809d65029c.0000000001"));
}

TEST(KeyTest, BlanksAndCaseOfNamesMakeNoVariant) {
  const Key main = md5("k");
  const Key one = variant_key(main, "Accept-Encoding", request("Accept-Encoding", "gzip, br"));
  EXPECT_EQ(one, variant_key(main, " accept-encoding ", request("ACCEPT-Encoding", "gzip,br")));
  EXPECT_NE(one, variant_key(main, "Accept-Encoding", request("Accept-Encoding", "br,gzip")));
  EXPECT_NE(one, variant_key(main, "Accept-Encoding", request("Accept", "gzip, br")));
  EXPECT_NE(one, main);
}

TEST(KeyTest, EmptyElementsOfAListMakeNoVariant) {
  const Key main = md5("k");
  const Key one = variant_key(main, "Accept-Encoding", request("Accept-Encoding", "gzip, br"));
  EXPECT_EQ(one,
            variant_key(main, "Accept-Encoding", request("Accept-Encoding", ",gzip,,  ,br , ")));
  EXPECT_NE(one, variant_key(main, "Accept-Encoding", request("Accept-Encoding", "gzipbr")));
  http::HeaderTable two_lines = request("Accept-Encoding", "gzip,");
  two_lines.add("Accept-Encoding", "br", http::find_header_id("Accept-Encoding"));
  EXPECT_EQ(one, variant_key(main, "Accept-Encoding", two_lines));
}

TEST(KeyTest, ATemporaryNameTellsItsMaker) {
  const std::string path = entry_path("/c", {1, 0, 0}, md5("k"));
  const std::string name = temporary_name(path);
  EXPECT_NE(name, temporary_name(path));
  EXPECT_EQ(maker_of(name.substr(name.rfind('/') + 1)), ::getpid());
  EXPECT_FALSE(maker_of("b7f54b2df7773722d382f4809d65029c.0000000001"));
  EXPECT_FALSE(maker_of("b7f54b2df7773722d382f4809d65029c"));
  EXPECT_FALSE(maker_of("README.12-3"));
}

}  // namespace
}  // namespace baton::cache
