// Passwords and keys in lines of a configuration.

#include "config/secrets.h"

#include <gtest/gtest.h>

namespace baton::config {
namespace {

TEST(Secrets, AreStarsWhereverTheyStand) {
  EXPECT_EQ(without_secrets("  auth_pass 1111"), "  auth_pass ****");
  EXPECT_EQ(without_secrets("{ auth_type PASS auth_pass \"a b\" } priority 5"),
            "{ auth_type PASS auth_pass ** ** } priority 5");
  EXPECT_EQ(without_secrets("key 12 \"a secret\" # next"), "key 12 ** ******* * ****");
  EXPECT_EQ(without_secrets("auth_pass a}b {c"), "auth_pass *** **");
  EXPECT_EQ(without_secrets("auth_pass"), "auth_pass");
}

TEST(Secrets, NothingElseIsHidden) {
  for (const char* line : {"", "priority 100", "no_auth_pass 5", "auth_passage 5", "active_key 1",
                           "key", "key a b", "hash $key consistent;"}) {
    EXPECT_EQ(without_secrets(line), line);
  }
}

}  // namespace
}  // namespace baton::config
