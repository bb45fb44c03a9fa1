// `-V` must not promise what a configuration would be refused for.

#include "cli/nginx_modules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "config/nginx/grammar.h"

namespace baton::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

bool is_supported(std::string_view directive) {
  for (const auto* rule : config::nginx::rules_for(directive)) {
    if (rule->support == config::nginx::Support::full) return true;
  }
  return false;
}

TEST(NginxModulesTest, a_default_module_is_named_only_when_it_is_missing) {
  EXPECT_THAT(module_arguments(), Not(HasSubstr("http_proxy_module")));
  EXPECT_THAT(module_arguments(), Not(HasSubstr("http_upstream_keepalive_module")));
}

TEST(NginxModulesTest, the_grammar_decides) {
  const std::string text = module_arguments();
  EXPECT_EQ(text.find("--without-http_gzip_module") == std::string::npos, is_supported("gzip"));
  EXPECT_EQ(text.find("--with-http_ssl_module") != std::string::npos,
            is_supported("ssl_certificate"));
  EXPECT_EQ(text.find("--with-stream") != std::string::npos, is_supported("stream"));
}

}  // namespace
}  // namespace baton::cli
