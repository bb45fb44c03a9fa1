// Mistakes are told once, until something changes.

#include "failover/mismatch_book.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

Mismatch password(const std::string& from = "10.9.0.2") {
  Mismatch seen;
  seen.instance = "VI_1";
  seen.keyword = "auth_pass";
  seen.from = from;
  seen.text = "another password";
  seen.ours = "k.conf:12: auth_pass ****";
  return seen;
}

TEST(MismatchBook, TellsAMistakeOnceAndCountsItAfterwards) {
  MismatchBook book;
  ASSERT_NE(book.note(password(), Instant{}), nullptr);
  for (int i = 1; i < 10; ++i) {
    EXPECT_EQ(book.note(password(), Instant{} + std::chrono::seconds(i)), nullptr);
  }
  const auto list = book.of("VI_1");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]->count, 10u);
  EXPECT_EQ(list[0]->last, Instant{} + 9s);
  EXPECT_NE(book.note(password("10.9.0.3"), Instant{}), nullptr);
}

TEST(MismatchBook, WordsThatChangeWithEveryPacketAreNotToldWithEveryPacket) {
  MismatchBook book;
  int told = 0;
  for (int i = 0; i < 300; ++i) {
    Mismatch seen = password();
    seen.text = "invalid TTL/HL " + std::to_string(i % 255);
    if (book.note(std::move(seen), Instant{} + i * 1s)) ++told;
  }
  EXPECT_EQ(told, 5);
  EXPECT_EQ(book.of("VI_1")[0]->text, "invalid TTL/HL 44") << "status shows the newest";
}

TEST(MismatchBook, AnotherLineOfTheFileIsToldAtOnce) {
  MismatchBook book;
  book.note(password(), Instant{});
  Mismatch seen = password();
  seen.ours = "k.conf:14: auth_pass ****";
  EXPECT_NE(book.note(seen, Instant{} + 1s), nullptr);
}

TEST(MismatchBook, TellsItAgainWhenTheOtherLineBecomesKnown) {
  MismatchBook book;
  book.note(password(), Instant{});
  const Mismatch* news =
      book.note_theirs("VI_1", "auth_pass", "10.9.0.2", "other.conf:7: auth_pass ****");
  ASSERT_NE(news, nullptr);
  EXPECT_EQ(describe(*news),
            "(VI_1) auth_pass does not fit 10.9.0.2: another password; here k.conf:12: auth_pass "
            "****; there other.conf:7: auth_pass ****");
  EXPECT_EQ(book.note_theirs("VI_1", "auth_pass", "10.9.0.2", "other.conf:7: auth_pass ****"),
            nullptr);
  // Adverts that come on do not take it away again.
  EXPECT_EQ(book.note(password(), Instant{} + 1s), nullptr);
  EXPECT_FALSE(book.of("VI_1")[0]->theirs.empty());
}

TEST(MismatchBook, ForgetsWhatIsSettledOrOld) {
  MismatchBook book;
  book.note(password(), Instant{});
  book.resolve("VI_1", "auth_pass", "10.9.0.2");
  EXPECT_TRUE(book.of("VI_1").empty());
  EXPECT_NE(book.note(password(), Instant{}), nullptr);
  book.expire(Instant{} + 4min);
  EXPECT_EQ(book.size(), 1u);
  book.expire(Instant{} + 6min);
  EXPECT_EQ(book.size(), 0u);
}

TEST(MismatchBook, IsBounded) {
  MismatchBook book;
  for (int i = 0; i < 1000; ++i) book.note(password(std::to_string(i)), Instant{});
  EXPECT_EQ(book.size(), MismatchBook::entries_max);
}

}  // namespace
}  // namespace baton::failover
