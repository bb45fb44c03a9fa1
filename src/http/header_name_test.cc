#include "http/header_name.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace baton::http {
namespace {

TEST(HeaderName, EveryKnownNameIsFoundInAnyCase) {
  for (std::size_t i = 1; i < header_names.size(); ++i) {
    const auto id = static_cast<HeaderId>(i);
    std::string upper(header_names[i]);
    for (char& c : upper) c = static_cast<char>(std::toupper(c));
    EXPECT_EQ(find_header_id(header_names[i]), id) << header_names[i];
    EXPECT_EQ(find_header_id(lowered(header_names[i])), id) << header_names[i];
    EXPECT_EQ(find_header_id(upper), id) << header_names[i];
  }
}

TEST(HeaderName, NamesOneByteOffAreUnknown) {
  for (std::size_t i = 1; i < header_names.size(); ++i) {
    std::string name(header_names[i]);
    name.back() = name.back() == 'q' ? 'z' : 'q';
    EXPECT_EQ(find_header_id(name), HeaderId::unknown) << name;
    EXPECT_EQ(find_header_id(std::string(header_names[i]) + "x"), HeaderId::unknown);
  }
  EXPECT_EQ(find_header_id(""), HeaderId::unknown);
  EXPECT_EQ(find_header_id("Content_Length"), HeaderId::unknown);
}

}  // namespace
}  // namespace baton::http
