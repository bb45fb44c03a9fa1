#include "http/uri.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

std::string normal(std::string_view path, bool merge = true) {
  std::string into(path.size(), 0);
  const auto result = normalise_path(path, merge, into.data());
  return result ? std::string(*result) : "refused";
}

TEST(Path, IsDecodedAndItsSegmentsResolved) {
  EXPECT_EQ(normal("/"), "/");
  EXPECT_EQ(normal("/a/./b/../c"), "/a/c");
  EXPECT_EQ(normal("/a//b///c"), "/a/b/c");
  EXPECT_EQ(normal("/a/."), "/a/");
  EXPECT_EQ(normal("/a/.."), "/");
  EXPECT_EQ(normal("/a/b/.."), "/a/");
  EXPECT_EQ(normal("/a/../"), "/");
  EXPECT_EQ(normal("/a/b/../../c"), "/c");
  EXPECT_EQ(normal("/a/.../b"), "/a/.../b");
  EXPECT_EQ(normal("/a/.b/..c"), "/a/.b/..c");
  EXPECT_EQ(normal("/%41%2f%2E%2e/b"), "/b");
  EXPECT_EQ(normal("/a%20b%25c"), "/a b%c");
  EXPECT_EQ(normal("/a%3fb%23c"), "/a?b#c");
  EXPECT_EQ(normal("/a%252e"), "/a%2e");
}

TEST(Path, KeepsDoubleSlashesWhenTold) {
  EXPECT_EQ(normal("/a//b", false), "/a//b");
  EXPECT_EQ(normal("/a//../b", false), "/a/b");
  EXPECT_EQ(normal("/a/b/../c", false), "/a/c");
}

TEST(Path, IsRefusedAboveTheRootOrWithBadEscapes) {
  for (const std::string path :
       {"/..", "/../a", "/a/../../b", "/%2e%2e/", "/%", "/%4", "/%zz", "/a%00b", "/.%2e"}) {
    EXPECT_EQ(normal(path), "refused") << path;
  }
}

TEST(Path, NeedsNoWorkWhenItIsNormal) {
  for (const std::string path : {"/", "/a/b.c", "/a.b/c-d_e~f", "/x"}) {
    EXPECT_TRUE(is_normal_path(path, true)) << path;
    EXPECT_EQ(normal(path), path);
  }
  for (const std::string path : {"/a//b", "/./a", "/.a", "/%41"}) {
    EXPECT_FALSE(is_normal_path(path, true)) << path;
  }
  EXPECT_TRUE(is_normal_path("/a//b", false));
}

TEST(Target, IsSplitAtQuestionMarkAndHash) {
  const SplitTarget split = split_target("/a?b=c?d#e?f");
  EXPECT_EQ(split.path, "/a");
  EXPECT_EQ(split.query, "b=c?d");
  EXPECT_TRUE(split_target("/a?").has_query);
  EXPECT_FALSE(split_target("/a#?b").has_query);
}

TEST(Escaping, WritesWhatARequestLineMayHold) {
  std::string text;
  append_escaped(text, "/a b%?\x01\xc3\xa9\"z");
  EXPECT_EQ(text, "/a%20b%25%3F%01%C3%A9%22z");
}

TEST(Climbing, IsFoundHoweverItIsEscaped) {
  for (const char* path : {"..", "../a", "/..", "/a/../b", "/%2e%2e/", "/a/.%2E", "/a%2f../b"}) {
    EXPECT_TRUE(climbs(path)) << path;
  }
  for (const char* path : {"", "/", "/a..b/", "/.../a", "/a/..b", "/%2", "/%zz/..%", "/%252e./"}) {
    EXPECT_FALSE(climbs(path)) << path;
  }
}

TEST(Argument, IsFoundByName) {
  EXPECT_EQ(find_argument("a=1&B=2&ab=3", "b"), "2");
  EXPECT_EQ(find_argument("a=1&b=", "b"), "");
  EXPECT_FALSE(find_argument("ab=1&c", "b").has_value());
}

}  // namespace
}  // namespace baton::http
