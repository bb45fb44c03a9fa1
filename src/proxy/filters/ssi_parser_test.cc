// Cutting text with commands in it.

#include "proxy/filters/ssi_parser.h"

#include <gtest/gtest.h>

namespace baton::proxy {

namespace {

using Kind = SsiPiece::Kind;

// What comes out of `text` fed in parts of `part` bytes: text as it is, commands as
// "[name a=b]", broken ones as "{problem}".
std::string cut(std::string_view text, std::size_t part = 1000) {
  SsiParser parser(256);
  std::string result;
  while (true) {
    const std::string_view bytes = text.substr(0, part);
    text.remove_prefix(bytes.size());
    parser.feed(bytes);
    while (true) {
      const SsiPiece piece = parser.next(text.empty());
      if (piece.kind == Kind::none) break;
      if (piece.kind == Kind::text) result += piece.text;
      if (piece.kind == Kind::broken) result += "{" + piece.problem + "}";
      if (piece.kind != Kind::command) continue;
      result += "[" + piece.name;
      for (const auto& [name, value] : piece.parameters) result += " " + name + "=" + value;
      result += "]";
    }
    if (text.empty()) return result;
  }
}

TEST(SsiParser, CutsCommandsOutOfText) {
  EXPECT_EQ(cut("a<!--# include virtual=\"/x\" -->b"), "a[include virtual=/x]b");
  EXPECT_EQ(cut("<!--#echo var='a b' default=\"-->\"-->"), "[echo var=a b default=-->]");
  EXPECT_EQ(cut("<!--# echo\n var = \"x\"\t-->"), "[echo var=x]");
}

TEST(SsiParser, TextThatOnlyLooksLikeACommandStays) {
  EXPECT_EQ(cut("<!-- plain --><!-- # no -->"), "<!-- plain --><!-- # no -->");
  EXPECT_EQ(cut("a<!--"), "a<!--");
  EXPECT_EQ(cut("<<!--#else-->!"), "<[else]!");
  EXPECT_EQ(cut("never <!--# echo var=\"x\""), "never <!--# echo var=\"x\"");
}

TEST(SsiParser, TellsTheSameWhereverTheBytesAreCut) {
  const std::string_view text =
      "head<!--# if expr=\"$a = 'b'\" -->yes<!--#else-->no<!-- <!--# endif --><!--# echo "
      "var=\"\\\"\" -->";
  const std::string whole = cut(text);
  for (std::size_t part = 1; part < text.size(); ++part) EXPECT_EQ(cut(text, part), whole);
}

TEST(SsiParser, SaysWhatIsWrongInNginxsWords) {
  EXPECT_EQ(cut("<!--# bogus -->"), "{invalid SSI command: \"bogus\"}");
  EXPECT_EQ(cut("<!--# ECHO var=\"a\" -->"), "{invalid SSI command: \"ECHO\"}");
  EXPECT_EQ(cut("<!--# echo -->"),
            "{mandatory \"var\" parameter is absent in \"echo\" SSI command}");
  EXPECT_EQ(cut("<!--# echo foo=\"x\" -->"),
            "{invalid parameter name: \"foo\" in \"echo\" SSI command}");
  EXPECT_EQ(cut("<!--# echo var=\"a\" var=\"b\" -->"),
            "{duplicate \"var\" parameter in \"echo\" SSI command}");
  EXPECT_EQ(cut("<!--# echo var=uri -->"),
            "{unexpected \"u\" symbol before value of \"var\" parameter in \"echo\" SSI command}");
}

TEST(SsiParser, BoundsValues) {
  EXPECT_EQ(cut("<!--# echo var=\"" + std::string(256, 'a') + "\" -->"),
            "[echo var=" + std::string(256, 'a') + "]");
  EXPECT_TRUE(cut("<!--# echo var=\"" + std::string(257, 'a') + "\" -->").starts_with("{too long"));
}

}  // namespace

}  // namespace baton::proxy
