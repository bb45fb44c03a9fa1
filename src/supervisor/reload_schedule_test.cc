// Times of scheduled reloads.

#include "supervisor/reload_schedule.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace baton::supervisor {
namespace {

constexpr std::int64_t noon = 1'795'435'200;  // 2026-11-23 12:00:00 UTC

WallTime at(std::int64_t seconds) {
  return WallTime(std::chrono::seconds(seconds));
}

std::optional<std::int64_t> parsed(std::string_view text) {
  const auto time = parse_reload_time(text, at(noon));
  if (!time) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(time->time_since_epoch()).count() - noon;
}

TEST(ReloadTime, ATimeAloneIsTheNextSuchTime) {
  EXPECT_EQ(parsed("12:00:10Z"), 10);
  EXPECT_EQ(parsed("11:59:50Z"), 24 * 3600 - 10);
  EXPECT_EQ(parsed("12:00:00Z"), 24 * 3600);
}

TEST(ReloadTime, DatesHaveTwoOrFourDigitsForTheYear) {
  EXPECT_EQ(parsed("2026-11-24 12:00:00Z"), 24 * 3600);
  EXPECT_EQ(parsed("26-11-23 12:01:00Z"), 60);
  EXPECT_EQ(parsed("2026-11-22 12:00:00Z"), -24 * 3600);
}

TEST(ReloadTime, WithoutZItIsLocalTime) {
  ::setenv("TZ", "UTC-2", 1);
  ::tzset();
  EXPECT_EQ(parsed("2026-11-23 14:00:05"), 5);
  ::setenv("TZ", "UTC", 1);
  ::tzset();
}

TEST(ReloadTime, EverythingElseIsRefused) {
  for (const char* text : {"", "12:00", "1:00:00", "12:00:00 ", " 12:00:00", "24:00:00", "12:60:00",
                           "2026-13-01 12:00:00", "2026-11-23  12:00:00", "noon", "12:00:00z"}) {
    EXPECT_FALSE(parsed(text)) << text;
  }
}

class Quiet : public Log {
 public:
  void write(LogLevel, std::string_view) override {}
  [[nodiscard]] bool enabled(LogLevel) const override { return true; }
};

class ReloadScheduleTest : public testing::Test {
 protected:
  ReloadScheduleTest() {
    std::string pattern = testing::TempDir() + "baton-reload-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    path_ = folder_ + "/when";
  }
  ~ReloadScheduleTest() override { std::filesystem::remove_all(folder_); }
  void say(const std::string& text) const { std::ofstream(path_) << text << "\n"; }

  std::string folder_;
  std::string path_;
  Quiet log_;
  ReloadSchedule schedule_{log_};
};

TEST_F(ReloadScheduleTest, IsDueOnceWhenTheTimeHasCome) {
  say("2026-11-23 12:00:02Z");
  EXPECT_FALSE(schedule_.is_due(path_, at(noon)));
  EXPECT_FALSE(schedule_.is_due(path_, at(noon + 1)));
  EXPECT_TRUE(schedule_.is_due(path_, at(noon + 2)));
  EXPECT_FALSE(schedule_.is_due(path_, at(noon + 3))) << "a date that is past";
}

TEST_F(ReloadScheduleTest, AFileThatStaysWithATimeOnlyIsDueEveryDay) {
  say("12:00:02Z");
  EXPECT_FALSE(schedule_.is_due(path_, at(noon)));
  EXPECT_TRUE(schedule_.is_due(path_, at(noon + 2)));
  EXPECT_FALSE(schedule_.is_due(path_, at(noon + 3)));
  EXPECT_TRUE(schedule_.is_due(path_, at(noon + 24 * 3600 + 2)));
}

TEST_F(ReloadScheduleTest, RemovingTheFileCancels) {
  say("2026-11-23 12:00:02Z");
  EXPECT_FALSE(schedule_.is_due(path_, at(noon)));
  std::filesystem::remove(path_);
  EXPECT_FALSE(schedule_.is_due(path_, at(noon + 2)));
  EXPECT_FALSE(schedule_.is_due("", at(noon + 2)));
}

}  // namespace
}  // namespace baton::supervisor
