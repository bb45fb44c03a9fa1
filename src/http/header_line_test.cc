#include "http/header_line.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

TEST(HeaderLine, StandsAloneHoweverTheTextGrows) {
  std::string text;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    const std::string value(static_cast<std::size_t>(i), 'v');
    append_header_line(text, "Name", value);
    expected += "Name: " + value + "\r\n";
    ASSERT_EQ(text, expected);
  }
}

}  // namespace
}  // namespace baton::http
