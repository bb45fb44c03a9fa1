// Words, quotes, escapes and comments as nginx reads them.

#include "config/nginx/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::config::nginx {
namespace {

using testing::ElementsAre;
using End = Statement::End;

std::vector<std::string> texts(const Statement& statement) {
  std::vector<std::string> result;
  for (const Word& word : statement.words) result.push_back(word.text);
  return result;
}

Statement first(std::string_view text) {
  return Lexer(text, "END").next();
}

TEST(Lexer, SplitsAtBlanksAndLineEnds) {
  const Statement statement = first("listen\t80\r\n  default_server ;");
  EXPECT_EQ(statement.end, End::semicolon);
  EXPECT_THAT(texts(statement), ElementsAre("listen", "80", "default_server"));
}

TEST(Lexer, KeepsBlanksAndSemicolonsInsideQuotes) {
  EXPECT_THAT(texts(first("a \"b; {c}\" 'd # e';")), ElementsAre("a", "b; {c}", "d # e"));
}

TEST(Lexer, UnescapesQuotesBackslashesAndControlCharactersOnly) {
  EXPECT_THAT(texts(first(R"(a "x\"y\\z\t" 'it\'s' \.php\d$ "\n\r";)")),
              ElementsAre("a", "x\"y\\z\t", "it's", "\\.php\\d$", "\n\r"));
}

TEST(Lexer, ABackslashTakesTheMeaningFromABlank) {
  EXPECT_THAT(texts(first("a b\\ c;")), ElementsAre("a", "b\\ c"));
}

TEST(Lexer, BracesOfAVariableDoNotOpenABlock) {
  const Statement statement = first("return 200 ${host}x;");
  EXPECT_EQ(statement.end, End::semicolon);
  EXPECT_THAT(texts(statement), ElementsAre("return", "200", "${host}x"));
}

TEST(Lexer, AHashOpensACommentOnlyAtTheStartOfAWord) {
  EXPECT_THAT(texts(first("# 注释 ; {\na b#c; # d")), ElementsAre("a", "b#c"));
}

TEST(Lexer, ACommentMayStandInsideAStatement) {
  EXPECT_THAT(texts(first("a # ; nothing\n b;")), ElementsAre("a", "b"));
}

TEST(Lexer, TellsBlocksApart) {
  Lexer lexer("events { }", "END");
  EXPECT_EQ(lexer.next().end, End::block_start);
  EXPECT_EQ(lexer.next().end, End::block_end);
  EXPECT_EQ(lexer.next().end, End::file_end);
}

TEST(Lexer, CountsLinesColumnsAndLengths) {
  Lexer lexer("a;\n\t日本 \"b c\"\n  d;", "END");
  (void)lexer.next();
  const Statement statement = lexer.next();
  ASSERT_EQ(statement.words.size(), 3u);
  EXPECT_EQ(statement.words[0].line, 2u);
  EXPECT_EQ(statement.words[0].column, 2u);
  EXPECT_EQ(statement.words[0].length, 6u);
  EXPECT_EQ(statement.words[1].column, 9u);
  EXPECT_EQ(statement.words[1].length, 5u);
  EXPECT_TRUE(statement.words[1].quoted);
  EXPECT_EQ(statement.words[2].line, 3u);
  EXPECT_EQ(statement.words[2].column, 3u);
}

TEST(Lexer, RefusesAWordRightBehindAQuote) {
  const Statement statement = first("a \"b\"c;");
  EXPECT_EQ(statement.end, End::problem);
  EXPECT_EQ(statement.problem, "unexpected \"c\"");
  EXPECT_EQ(statement.problem_place.column, 6u);
}

TEST(Lexer, AParenthesisMayFollowAQuote) {
  EXPECT_THAT(texts(first("if ($a = \"b\") {")), ElementsAre("if", "($a", "=", "b", ")"));
}

TEST(Lexer, TellsTextThatEndsInMidStatement) {
  EXPECT_EQ(first("user nobody").problem, "END");
  EXPECT_EQ(first("user \"nobody;").problem, "END");
  EXPECT_EQ(first("  # only a comment").problem, "");
}

TEST(Lexer, LeavesABraceInMidStatementForTheBlock) {
  Lexer lexer("a b }", "END");
  EXPECT_EQ(lexer.next().problem, "unexpected \"}\"");
  EXPECT_EQ(lexer.next().end, End::block_end);
}

TEST(Lexer, TakesAnEndlessWordForAForgottenQuote) {
  const std::string text = "a \"" + std::string(5000, 'x') + "\";";
  EXPECT_EQ(first(text).problem,
            "too long parameter, probably missing terminating \"\"\" character");
}

}  // namespace
}  // namespace baton::config::nginx
