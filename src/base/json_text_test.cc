// What the library would answer with an exception, or with the end of the stack.

#include "base/json_text.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace baton {
namespace {

std::string nested(std::size_t depth) {
  return std::string(depth, '[') + std::string(depth, ']');
}

TEST(JsonText, a_name_in_another_encoding_is_written_with_the_replacement_character) {
  EXPECT_EQ(json_text({{"name", "V\xe9"}}), "{\"name\":\"V\xef\xbf\xbd\"}");
}

TEST(JsonText, a_text_cut_within_a_character_is_written) {
  const std::string whole = "\xe6\xa3\x80\xe6\x9f\xa5";
  EXPECT_EQ(json_text({{"text", whole.substr(0, 4)}}), "{\"text\":\"\xe6\xa3\x80\xef\xbf\xbd\"}");
}

TEST(JsonText, indents_on_demand) {
  EXPECT_EQ(json_text({{"a", 1}}, 2), "{\n  \"a\": 1\n}");
}

TEST(JsonText, what_is_nested_within_reason_is_read) {
  const auto value = parse_json("{\"a\":" + nested(json_depth_max - 1) + "}");
  EXPECT_TRUE(value.is_object());
  EXPECT_EQ(json_text(value).size(), 6u + 2 * (json_depth_max - 1));
}

TEST(JsonText, what_is_nested_without_reason_is_discarded_wherever_it_stands) {
  EXPECT_TRUE(parse_json(nested(json_depth_max + 2)).is_discarded());
  EXPECT_TRUE(parse_json(nested(200'000)).is_discarded());
  EXPECT_TRUE(parse_json("{\"a\":" + nested(100'000) + ",\"b\":1}").is_discarded());
  EXPECT_TRUE(parse_json(std::string(100'000, '[')).is_discarded());
}

TEST(JsonText, what_is_no_json_is_discarded) {
  for (const char* text : {"", "{", "{\"a\":\"\xff\"}", "nul"}) {
    EXPECT_TRUE(parse_json(text).is_discarded()) << text;
  }
}

}  // namespace
}  // namespace baton
