// Pages of transitions made by hand.

#include "cli/history_text.h"

#include <gtest/gtest.h>

namespace baton::cli {
namespace {

using nlohmann::json;

json flight(const char* instance) {
  return {{"time", "2026-11-22T21:00:00.123Z"},
          {"instance", instance},
          {"from", "BACKUP"},
          {"to", "MASTER"},
          {"reason", "no advert from 10.9.0.1 for 3.610 s"},
          {"old_master", "10.9.0.1"},
          {"silence_ms", 3610.25},
          {"outage_ms", 3612.5},
          {"connections", {{"kept", 2}, {"moved", 7}, {"lost", -1}}},
          {"timeline",
           {{{"at_ms", -3610.25},
             {"event", "advert_heard"},
             {"address", "10.9.0.1"},
             {"priority", 100},
             {"text", ""},
             {"timer_in_ms", 3609.0}},
            {{"at_ms", 0},
             {"event", "transition"},
             {"address", nullptr},
             {"priority", nullptr},
             {"text", "BACKUP -> MASTER"},
             {"timer_in_ms", nullptr}}}}};
}

TEST(HistoryText, SaysWhatMovedWhyAndWhatItCost) {
  const std::string page = history_text({{"transitions", {flight("VI_1")}}}, 10);
  for (const char* part :
       {"VI_1  BACKUP -> MASTER   outage 3612 ms", "no advert from 10.9.0.1 for 3.610 s",
        "10.9.0.1, last heard 3610 ms before", "2 kept, 7 moved, ? lost",
        "-3610 ms  advert of 10.9.0.1, priority 100", "timer in 3609 ms", "*** BACKUP -> MASTER"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part << " is missing in\n" << page;
  }
}

TEST(HistoryText, ShowsTheFirstAndTheLastOfManyBeats) {
  json one = flight("VI_1");
  json& timeline = one["timeline"];
  const json heard = timeline[0];
  for (int i = 0; i < 6; ++i) timeline.insert(timeline.begin(), heard);
  const json timer = {{"at_ms", -9000}, {"event", "timer"}};
  const json sent = {{"at_ms", -9000}, {"event", "advert_sent"}, {"priority", 90}};
  for (int i = 0; i < 5; ++i) {
    timeline.insert(timeline.begin(), sent);
    timeline.insert(timeline.begin(), timer);
  }
  timeline.insert(timeline.begin(), timer);
  const std::string page = history_text({{"transitions", {one}}}, 1);
  const auto count = [&page](const std::string& part) {
    std::size_t found = 0;
    for (auto at = page.find(part); at != std::string::npos; at = page.find(part, at + 1)) ++found;
    return found;
  };
  EXPECT_EQ(count("advert of 10.9.0.1"), 2u) << page;
  EXPECT_EQ(count("5 more of these"), 1u) << page;
  EXPECT_EQ(count("sent an advert, priority 90"), 2u) << page;
  EXPECT_EQ(count("3 more of these"), 1u) << page;
  EXPECT_EQ(count("  timer\n"), 3u) << page;
}

TEST(HistoryText, GivesTheNewestOnesOnly) {
  const json history = {{"transitions", {flight("VI_old"), flight("VI_new")}}};
  const std::string page = history_text(history, 1);
  EXPECT_EQ(page.find("VI_old"), std::string::npos);
  EXPECT_NE(page.find("VI_new"), std::string::npos);
  EXPECT_EQ(newest_transitions(history, 1)["transitions"].size(), 1u);
  EXPECT_EQ(newest_transitions(history, 5)["transitions"].size(), 2u);
}

TEST(HistoryText, BearsWhatItDoesNotKnow) {
  EXPECT_EQ(history_text({{"problem", "the process does not answer"}}, 3),
            "the process does not answer\n");
  EXPECT_EQ(history_text(json::object(), 3), "no transitions yet\n");
  EXPECT_NE(history_text({{"transitions", {{{"timeline", 7}}}}}, 3), "");
}

}  // namespace
}  // namespace baton::cli
