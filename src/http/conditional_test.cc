// Preconditions against one representation.

#include "http/conditional.h"

#include <gtest/gtest.h>

namespace baton::http {
namespace {

constexpr std::string_view etag = "\"5e9f1a2b-264\"";
constexpr std::string_view modified = "Sun, 06 Nov 1994 08:49:37 GMT";
constexpr std::string_view earlier = "Sun, 06 Nov 1994 08:49:36 GMT";
constexpr std::string_view later = "Sun, 06 Nov 1994 08:49:38 GMT";
const Validators page{etag, WallTime(784111777s + 500ms), true};

using Lines = std::vector<std::pair<HeaderId, std::string_view>>;

HeaderTable table(const Lines& lines) {
  HeaderTable headers;
  for (const auto& [id, value] : lines) headers.add(header_name(id), value, id);
  return headers;
}

Condition evaluate(const Lines& lines, ModifiedSince rule = ModifiedSince::exact) {
  return evaluate_conditions(table(lines), page, rule);
}

TEST(Conditional, WithoutConditionsThePageIsSent) {
  EXPECT_EQ(evaluate({}), Condition::send);
}

TEST(Conditional, IfModifiedSinceIsExactByDefault) {
  EXPECT_EQ(evaluate({{HeaderId::if_modified_since, modified}}), Condition::not_modified);
  EXPECT_EQ(evaluate({{HeaderId::if_modified_since, later}}), Condition::send);
  EXPECT_EQ(evaluate({{HeaderId::if_modified_since, earlier}}), Condition::send);
  EXPECT_EQ(evaluate({{HeaderId::if_modified_since, "yesterday"}}), Condition::send);
}

TEST(Conditional, IfModifiedSinceBeforeAcceptsLaterDates) {
  EXPECT_EQ(evaluate({{HeaderId::if_modified_since, later}}, ModifiedSince::before),
            Condition::not_modified);
  EXPECT_EQ(evaluate({{HeaderId::if_modified_since, earlier}}, ModifiedSince::before),
            Condition::send);
}

TEST(Conditional, IfNoneMatchComparesWeakly) {
  EXPECT_EQ(evaluate({{HeaderId::if_none_match, etag}}), Condition::not_modified);
  EXPECT_EQ(evaluate({{HeaderId::if_none_match, "\"a,b\", W/\"5e9f1a2b-264\""}}),
            Condition::not_modified);
  EXPECT_EQ(evaluate({{HeaderId::if_none_match, "*"}}), Condition::not_modified);
  EXPECT_EQ(evaluate({{HeaderId::if_none_match, "\"other\""}}), Condition::send);
}

TEST(Conditional, BothConditionsMustSayUnchanged) {
  EXPECT_EQ(evaluate({{HeaderId::if_none_match, "\"x\""}, {HeaderId::if_modified_since, modified}}),
            Condition::send);
  EXPECT_EQ(evaluate({{HeaderId::if_none_match, etag}, {HeaderId::if_modified_since, earlier}}),
            Condition::send);
}

TEST(Conditional, IfMatchAndIfUnmodifiedSinceFailWith412) {
  EXPECT_EQ(evaluate({{HeaderId::if_match, "\"other\""}}), Condition::failed);
  EXPECT_EQ(evaluate({{HeaderId::if_match, "W/\"5e9f1a2b-264\""}}), Condition::failed);
  EXPECT_EQ(evaluate({{HeaderId::if_match, etag}}), Condition::send);
  EXPECT_EQ(evaluate({{HeaderId::if_unmodified_since, earlier}}), Condition::failed);
  EXPECT_EQ(evaluate({{HeaderId::if_unmodified_since, modified}}), Condition::send);
}

TEST(Conditional, IfRangeMustNameThisVeryPage) {
  EXPECT_TRUE(range_applies(table({}), page));
  EXPECT_TRUE(range_applies(table({{HeaderId::if_range, etag}}), page));
  EXPECT_FALSE(range_applies(table({{HeaderId::if_range, "\"other\""}}), page));
  EXPECT_TRUE(range_applies(table({{HeaderId::if_range, modified}}), page));
  EXPECT_FALSE(range_applies(table({{HeaderId::if_range, later}}), page));
  EXPECT_FALSE(range_applies(table({{HeaderId::if_range, "soon"}}), page));
}

}  // namespace
}  // namespace baton::http
