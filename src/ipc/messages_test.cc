// Script messages survive the wire, and garbage does not.

#include "ipc/messages.h"

#include <gtest/gtest.h>

namespace baton::ipc {
namespace {

TEST(ScriptRequest, SurvivesEncoding) {
  const ScriptRequest request{ScriptRequest::Kind::notify_instance, 7, ScriptRequest::Event::any,
                              "MASTER", 100};
  const auto decoded = ScriptRequest::decode(request.encode());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->index, 7u);
  EXPECT_EQ(decoded->event, ScriptRequest::Event::any);
  EXPECT_EQ(decoded->state, "MASTER");
  EXPECT_EQ(decoded->priority, 100u);
}

TEST(ScriptRequest, RefusesGarbage) {
  for (const char* text :
       {"", "1 2 3", "9 0 0 0 - 0", "0 x 0 0 - 0", "0 0 9 0 - 0", "0 0 0 0 - 2"}) {
    EXPECT_FALSE(ScriptRequest::decode(text)) << text;
  }
}

TEST(Announcement, SurvivesEncodingWithBlanksInTheName) {
  const Announcement one{false, true, true, 100, "MASTER_RX_LOWER_PRI", "the first one"};
  const auto decoded = Announcement::decode(one.encode());
  ASSERT_TRUE(decoded);
  EXPECT_TRUE(decoded->by_mail);
  EXPECT_EQ(decoded->line(), "INSTANCE \"the first one\" MASTER_RX_LOWER_PRI 100");
}

TEST(Announcement, OfAGroupSaysSo) {
  EXPECT_EQ((Announcement{true, false, true, 0, "FAULT", "G"}.line()), "GROUP \"G\" FAULT 0");
}

TEST(Announcement, RefusesGarbage) {
  for (const char* text : {"", "1 1 1 0 MASTER", "1 1 1 0", "2 0 0 0 MASTER x", "0 0 0 x A b"}) {
    EXPECT_FALSE(Announcement::decode(text)) << text;
  }
}

TEST(ScriptResult, SurvivesEncoding) {
  const auto decoded =
      ScriptResult::decode(ScriptResult{ScriptOutcome::timed_out, 15, 1500ms}.encode());
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->outcome, ScriptOutcome::timed_out);
  EXPECT_EQ(decoded->took, 1500ms);
}

}  // namespace
}  // namespace baton::ipc
