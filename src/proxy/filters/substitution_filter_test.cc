// Replacing texts in pieces of any size.

#include "proxy/filters/substitution_filter.h"

#include <gtest/gtest.h>

namespace baton::proxy {

namespace {

config::TemplateText literal(std::string_view text) {
  config::TemplateText result;
  result.source = text;
  if (!text.empty()) result.parts.push_back({config::Variable::literal, std::string(text), 0});
  return result;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string run(const Pairs& pairs, bool once, std::string_view text, std::size_t part = 1000) {
  config::SubstitutionSettings settings;
  settings.once = once;
  for (const auto& [search, replacement] : pairs) {
    settings.pairs.push_back({literal(search), literal(replacement)});
  }
  const Request request;
  SubstitutionFilter filter(settings, request);
  std::string output;
  do {
    const std::string_view bytes = text.substr(0, part);
    text.remove_prefix(bytes.size());
    EXPECT_TRUE(filter.filter(bytes, text.empty() ? BodyPart::last : BodyPart::more, output));
  } while (!text.empty());
  return output;
}

TEST(SubstitutionFilter, ReplacesOnceOrEverywhere) {
  EXPECT_EQ(run({{"a", "x"}}, true, "banana"), "bxnana");
  EXPECT_EQ(run({{"a", "x"}}, false, "banana"), "bxnxnx");
  EXPECT_EQ(run({{"</head>", "<i></head>"}}, true, "<head></HEAD></head>"),
            "<head><i></head></head>");
}

TEST(SubstitutionFilter, EachTextIsReplacedOnceOfItsOwn) {
  EXPECT_EQ(run({{"a", "1"}, {"b", "2"}}, true, "abab"), "12ab");
}

TEST(SubstitutionFilter, DoesNotLookIntoWhatItPutIn) {
  EXPECT_EQ(run({{"a", "aa"}, {"aa", "b"}}, false, "a-a"), "aa-aa");
}

TEST(SubstitutionFilter, FindsWhatIsCutAnywhere) {
  const std::string_view text = "aab aaab abc ABCABC ab";
  const Pairs pairs = {{"aab", "<1>"}, {"abc", "<2>"}};
  const std::string whole = run(pairs, false, text);
  EXPECT_EQ(whole, "<1> a<1> <2> <2><2> ab");
  for (std::size_t part = 1; part < text.size(); ++part) {
    EXPECT_EQ(run(pairs, false, text, part), whole) << part;
  }
}

TEST(SubstitutionFilter, CanTakeTextAway) {
  EXPECT_EQ(run({{"xyz", ""}}, false, "1xyz2xyz"), "12");
}

TEST(SubstitutionFilter, HoldsBackNoMoreThanABeginning) {
  config::SubstitutionSettings settings;
  settings.pairs.push_back({literal("</body>"), literal("!")});
  const Request request;
  SubstitutionFilter filter(settings, request);
  std::string output;
  EXPECT_TRUE(filter.filter("text </bo", BodyPart::flush, output));
  EXPECT_EQ(output, "text ");
  EXPECT_TRUE(filter.filter("at", BodyPart::flush, output));
  EXPECT_EQ(output, "text </boat");
}

}  // namespace

}  // namespace baton::proxy
