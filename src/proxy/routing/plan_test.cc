#include "proxy/routing/plan.h"

#include <gtest/gtest.h>

namespace baton::proxy {
namespace {

bool has(const HeaderSet& set, std::string_view name) {
  return set.contains(http::find_header_id(name), name);
}

TEST(HeaderSet, KnowsNamesInAnyCase) {
  HeaderSet set;
  set.add("X-Custom");
  set.add("host");
  EXPECT_TRUE(has(set, "x-CUSTOM"));
  EXPECT_TRUE(has(set, "Host"));
  EXPECT_FALSE(has(set, "X-Custom-2"));
  EXPECT_FALSE(has(set, std::string(300, 'x')));
  set.remove("x-custom");
  EXPECT_FALSE(has(set, "X-Custom"));
}

config::Location proxied(config::ProxyPass proxy, std::string pattern = "/a/") {
  config::Location location;
  location.pattern = std::move(pattern);
  proxy.host_header = "backend";
  location.proxy = std::make_shared<config::ProxyPass>(std::move(proxy));
  return location;
}

TEST(LocationPlan, DefaultRedirectReplacesThePassedUrl) {
  const auto plain = proxied({});
  const LocationPlan without_uri = make_plan(plain);
  ASSERT_TRUE(without_uri.rewriter);
  Request request;
  EXPECT_EQ(without_uri.rewriter->redirect(request, "http://backend/x"), "/x");
  EXPECT_FALSE(without_uri.rewriter->redirect(request, "http://other/x"));

  config::ProxyPass proxy;
  proxy.uri = "/base/";
  const auto location = proxied(proxy);
  const LocationPlan with_uri = make_plan(location);
  EXPECT_EQ(with_uri.rewriter->redirect(request, "http://backend/base/x"), "/a/x");
  EXPECT_FALSE(with_uri.rewriter->redirect(request, "http://backend/x"));
}

TEST(LocationPlan, PassedHeadersAreNotHiddenAndNotMadeHere) {
  config::ProxyPass proxy;
  proxy.pass_headers = {"server", "x-pad"};
  const auto location = proxied(proxy);
  const LocationPlan plan = make_plan(location);
  EXPECT_TRUE(plan.passes_server);
  EXPECT_FALSE(plan.passes_date);
  EXPECT_FALSE(has(plan.hidden, "X-Pad"));
  EXPECT_TRUE(has(plan.hidden, "X-Accel-Redirect"));
}

}  // namespace
}  // namespace baton::proxy
