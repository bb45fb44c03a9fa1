// Comments, plain words and shell-like words; what keepalived 2.2.7 was seen to do.

#include "config/keepalived/words.h"

#include <gtest/gtest.h>

namespace baton::config::keepalived {
namespace {

std::vector<std::string> texts(const std::vector<Word>& words) {
  std::vector<std::string> result;
  for (const auto& word : words) result.push_back(word.text);
  return result;
}

using Texts = std::vector<std::string>;

TEST(WithoutComment, CutsAtHashAndBangAnywhereOutsideDoubleQuotes) {
  EXPECT_EQ(without_comment("state MASTER # why"), "state MASTER ");
  EXPECT_EQ(without_comment("! all of it"), "");
  EXPECT_EQ(without_comment("auth_pass ab#c"), "auth_pass ab");
  EXPECT_EQ(without_comment("auth_pass \"a#b!c\" # x"), "auth_pass \"a#b!c\" ");
  EXPECT_EQ(without_comment("auth_pass 'a#b'"), "auth_pass 'a");
  EXPECT_EQ(without_comment(R"(script "a \" # b" # c)"), R"(script "a \" # b" )");
  EXPECT_EQ(without_comment(R"(auth_pass ab\#c)"), "auth_pass ab");
  EXPECT_EQ(without_comment("优先级 100 #选举"), "优先级 100 ");
}

TEST(PlainWords, AreSeparatedByBlanksAndDoubleQuotes) {
  EXPECT_EQ(texts(plain_words("  priority\t100 ")), (Texts{"priority", "100"}));
  EXPECT_EQ(texts(plain_words("auth_pass \"a b\"")), (Texts{"auth_pass", "a b"}));
  EXPECT_EQ(texts(plain_words("auth_pass a\"b c\"d")), (Texts{"auth_pass", "a", "b c", "d"}));
  EXPECT_EQ(texts(plain_words("auth_pass 'a b'")), (Texts{"auth_pass", "'a", "b'"}));
  EXPECT_EQ(texts(plain_words(R"(auth_pass a\\b)")), (Texts{"auth_pass", R"(a\\b)"}));
  EXPECT_EQ(texts(plain_words("auth_pass \"\"")), (Texts{"auth_pass", ""}));
}

TEST(PlainWords, KnowWhereTheyStand) {
  const auto words = plain_words("  state \"MASTER\"");
  EXPECT_EQ(words[1].offset, 8u);
  EXPECT_EQ(words[1].length, 8u);
}

TEST(PlainWords, TellAnUnmatchedQuote) {
  bool unmatched = false;
  EXPECT_EQ(texts(plain_words("auth_pass \"abc", &unmatched)), (Texts{"auth_pass", "abc"}));
  EXPECT_TRUE(unmatched);
}

TEST(CommandWords, JoinQuotedPartsAndResolveEscapes) {
  EXPECT_EQ(texts(*command_words(R"(abcd" efg h jkl "mnop)")), (Texts{"abcd efg h jkl mnop"}));
  EXPECT_EQ(texts(*command_words(R"(abcd "efg h jkl" mnop)")),
            (Texts{"abcd", "efg h jkl", "mnop"}));
  EXPECT_EQ(texts(*command_words(R"(a 'b "c' d\ e \x41 \101 \t)")),
            (Texts{"a", "b \"c", "d e", "A", "A", "\t"}));
  EXPECT_EQ(texts(*command_words(R"(\\ \" \cA)")), (Texts{"\\", "\"", "\x01"}));
  EXPECT_EQ(texts(*command_words("''")), (Texts{""}));
}

TEST(CommandWords, RefuseAnOpenQuote) {
  char quote = 0;
  EXPECT_FALSE(command_words("/bin/true 'a b", &quote));
  EXPECT_EQ(quote, '\'');
}

TEST(FindBrace, SkipsBracesInDoubleQuotes) {
  EXPECT_EQ(find_brace("real_server 1.2.3.4 80{", 0), 22u);
  EXPECT_EQ(find_brace("script \"a{b}\" {", 0), 14u);
  EXPECT_EQ(find_brace("priority 80", 0), std::string_view::npos);
}

}  // namespace
}  // namespace baton::config::keepalived
