// Sessions and the servers that they are bound to.

#include "upstream/sessions.h"

#include <gtest/gtest.h>

namespace baton::upstream {
namespace {

Instant at(Duration since_start) {
  return Instant(1000s) + since_start;
}

class SessionsTest : public testing::Test {
 protected:
  SessionsTest() {
    sticky.zone = "s";
    sticky.zone_bytes = 32768;
    sticky.timeout = 10min;
    EXPECT_TRUE(Sessions::name_zone(*region, sticky, 1));
  }
  std::unique_ptr<ipc::SharedRegion> region =
      ipc::SharedRegion::create({.groups_max = 1, .peers_max = 1}).value();
  config::Sticky sticky;
};

TEST_F(SessionsTest, ASessionIsFoundOnceItWasCreated) {
  Sessions sessions(*region, sticky);
  EXPECT_EQ(sessions.find("abc", at(0s)), 0u);
  sessions.bind("abc", route_mark("a"), false, at(0s));
  EXPECT_EQ(sessions.find("abc", at(0s)), 0u);
  sessions.bind("abc", route_mark("a"), true, at(0s));
  EXPECT_EQ(sessions.find("abc", at(1s)), route_mark("a"));
}

TEST_F(SessionsTest, ASessionThatIsNotUsedIsForgotten) {
  Sessions sessions(*region, sticky);
  sessions.bind("abc", route_mark("a"), true, at(0s));
  sessions.bind("abc", route_mark("a"), false, at(9min));
  EXPECT_NE(sessions.find("abc", at(18min)), 0u);
  EXPECT_EQ(sessions.find("abc", at(19min)), 0u);
}

TEST_F(SessionsTest, ASessionMovesWithItsServer) {
  Sessions sessions(*region, sticky);
  sessions.bind("abc", route_mark("a"), true, at(0s));
  sessions.bind("abc", route_mark("b"), false, at(1s));
  EXPECT_EQ(sessions.find("abc", at(1s)), route_mark("b"));
}

TEST_F(SessionsTest, SessionsOutliveAGeneration) {
  Sessions(*region, sticky).bind("abc", route_mark("a"), true, at(0s));
  EXPECT_TRUE(Sessions::name_zone(*region, sticky, 2));
  region->release_older_than(2);
  EXPECT_EQ(Sessions(*region, sticky).find("abc", at(1s)), route_mark("a"));
}

}  // namespace
}  // namespace baton::upstream
