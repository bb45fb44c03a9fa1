// Tests of a match block against answers.

#include "proxy/health/health_judge.h"

#include <gtest/gtest.h>

#include "http/head_parser.h"

namespace baton::proxy {
namespace {

using config::HealthMatch;
using Kind = HealthMatch::Header::Test;

class HealthJudgeTest : public testing::Test {
 protected:
  std::string_view judge(std::string head) {
    text = std::move(head) + "\r\n\r\n";
    http::ResponseParser parser;
    answer.clear();
    EXPECT_EQ(parser.parse(text, answer, http::Method::get, {}), http::Progress::complete);
    request.upstream_head = &answer;
    return HealthJudge(has_match ? &match : nullptr).judge_head(request);
  }
  void header(std::string name, Kind test, std::string value = "") {
    match.headers = {{std::move(name), test, std::move(value)}};
    has_match = true;
  }

  HealthMatch match;
  bool has_match = false;
  std::string text;
  http::ResponseHead answer;
  Request request;
};

TEST_F(HealthJudgeTest, WithoutAMatchSuccessAndRedirectsAreHealthy) {
  EXPECT_EQ(judge("HTTP/1.1 204 No"), "");
  EXPECT_EQ(judge("HTTP/1.1 302 No"), "");
  EXPECT_EQ(judge("HTTP/1.1 404 No"), "checking status code");
}

TEST_F(HealthJudgeTest, StatusesAreListedOrExcluded) {
  has_match = true;
  match.statuses = {{false, {{200, 200}, {300, 399}}}};
  EXPECT_EQ(judge("HTTP/1.1 301 x"), "");
  EXPECT_EQ(judge("HTTP/1.1 201 x"), "checking status code");
  match.statuses = {{true, {{500, 599}}}};
  EXPECT_EQ(judge("HTTP/1.1 404 x"), "");
  EXPECT_EQ(judge("HTTP/1.1 503 x"), "checking status code");
}

TEST_F(HealthJudgeTest, HeadersAreComparedAndMatched) {
  const std::string with = "HTTP/1.1 200 x\r\nContent-Type: text/html";
  const std::string without = "HTTP/1.1 200 x";
  header("content-type", Kind::present);
  EXPECT_EQ(judge(with), "");
  EXPECT_EQ(judge(without), "checking header");
  header("content-type", Kind::absent);
  EXPECT_EQ(judge(with), "checking header");
  EXPECT_EQ(judge(without), "");
  header("content-type", Kind::equal, "text/html");
  EXPECT_EQ(judge(with), "");
  header("content-type", Kind::unequal, "text/html");
  EXPECT_EQ(judge(with), "checking header");
  EXPECT_EQ(judge(without), "");
  header("content-type", Kind::like, "^text/");
  EXPECT_EQ(judge(with), "");
  EXPECT_EQ(judge(without), "checking header");
  header("content-type", Kind::unlike, "^text/");
  EXPECT_EQ(judge(with), "checking header");
}

TEST_F(HealthJudgeTest, RequiredVariablesAreNeitherEmptyNorZero) {
  has_match = true;
  config::TextPart part;
  part.variable = config::Variable::upstream_http_name;
  part.text = "x_ready";
  match.required = {{{part}, "$upstream_http_x_ready"}};
  EXPECT_EQ(judge("HTTP/1.1 200 x\r\nX-Ready: yes"), "");
  EXPECT_EQ(judge("HTTP/1.1 200 x\r\nX-Ready: 0"), "checking variables");
  EXPECT_EQ(judge("HTTP/1.1 200 x"), "checking variables");
}

TEST_F(HealthJudgeTest, BodiesAreMatched) {
  match.bodies = {{false, "wel.ome"}, {true, "error"}};
  const HealthJudge judge_of(&match);
  EXPECT_TRUE(judge_of.needs_body());
  EXPECT_EQ(judge_of.judge_body("welcome"), "");
  EXPECT_EQ(judge_of.judge_body("hello"), "checking body");
  EXPECT_EQ(judge_of.judge_body("welcome error"), "checking body");
}

}  // namespace
}  // namespace baton::proxy
