// Text with variables is cut into parts; wrong names are told.

#include "config/nginx/variables.h"

#include <gtest/gtest.h>

namespace baton::config::nginx {
namespace {

using Kind = TemplateProblem::Kind;

struct Compiled {
  TemplateText text;
  std::vector<TemplateProblem> problems;
};

Compiled compile(std::string_view source) {
  Compiled result;
  result.text = compile_template(
      source,
      [](std::string_view name) {
        return name == "tenant" ? std::optional<std::uint16_t>(7) : std::nullopt;
      },
      result.problems);
  return result;
}

TEST(Variables, CutTextIntoLiteralsAndVariables) {
  const Compiled result = compile("$scheme://$host$request_uri");
  ASSERT_TRUE(result.problems.empty());
  ASSERT_EQ(result.text.parts.size(), 4u);
  EXPECT_EQ(result.text.parts[0].variable, Variable::scheme);
  EXPECT_EQ(result.text.parts[1].text, "://");
  EXPECT_EQ(result.text.parts[2].variable, Variable::host);
  EXPECT_EQ(result.text.parts[3].variable, Variable::request_uri);
  EXPECT_EQ(result.text.source, "$scheme://$host$request_uri");
}

TEST(Variables, BracesEndAName) {
  const Compiled result = compile("a${host}b");
  ASSERT_EQ(result.text.parts.size(), 3u);
  EXPECT_EQ(result.text.parts[1].variable, Variable::host);
  EXPECT_EQ(result.text.parts[2].text, "b");
}

TEST(Variables, FamiliesCarryTheRestOfTheirNameInLowerCase) {
  const Compiled result = compile("$http_X_Real_IP$arg_id$upstream_http_etag$sent_http_a");
  ASSERT_EQ(result.text.parts.size(), 4u);
  EXPECT_EQ(result.text.parts[0].variable, Variable::http_name);
  EXPECT_EQ(result.text.parts[0].text, "x_real_ip");
  EXPECT_EQ(result.text.parts[1].variable, Variable::arg_name);
  EXPECT_EQ(result.text.parts[2].variable, Variable::upstream_http_name);
  EXPECT_EQ(result.text.parts[3].variable, Variable::sent_http_name);
}

TEST(Variables, CapturesAreNumberedAndOwnVariablesHaveAPlace) {
  const Compiled result = compile("$1$tenant$23");
  ASSERT_EQ(result.text.parts.size(), 4u);
  EXPECT_EQ(result.text.parts[0].variable, Variable::capture);
  EXPECT_EQ(result.text.parts[0].index, 1u);
  EXPECT_EQ(result.text.parts[1].variable, Variable::defined);
  EXPECT_EQ(result.text.parts[1].index, 7u);
  EXPECT_EQ(result.text.parts[2].index, 2u);
  EXPECT_EQ(result.text.parts[3].text, "3");
}

TEST(Variables, TellWhatIsWrongWithAName) {
  EXPECT_EQ(compile("a$").problems.at(0).kind, Kind::invalid_name);
  EXPECT_EQ(compile("$-x").problems.at(0).kind, Kind::invalid_name);
  EXPECT_EQ(compile("${host").problems.at(0).kind, Kind::missing_bracket);
  EXPECT_EQ(compile("$hots").problems.at(0).kind, Kind::unknown);
  EXPECT_EQ(compile("$ssl_client_cert").problems.at(0).kind, Kind::not_offered);
}

TEST(Variables, EmptyTextHasNoParts) {
  EXPECT_TRUE(compile("").text.empty());
  EXPECT_TRUE(literal_template("").empty());
  EXPECT_EQ(literal_template("$5").literal(), "$5");
}

TEST(Variables, SuggestsTheNearestName) {
  EXPECT_EQ(closest_variable("remote_adr"), "remote_addr");
  EXPECT_EQ(closest_variable("zzzzzz"), "");
}

}  // namespace
}  // namespace baton::config::nginx
