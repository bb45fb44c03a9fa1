// The page of --watch from status objects made by hand.

#include "cli/watch_screen.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace baton::cli {
namespace {

using nlohmann::json;

std::string instance(const char* state, int priority, const char* source) {
  const bool holds = state == std::string("MASTER");
  return fmt::format(
      R"({{"name": "web", "interface": "ens33", "virtual_router_id": 55, "state": "{}",
          "age_ms": 125000, "reason": "no advert from 10.9.0.2 for 3.610 s", "source": "{}",
          "master": "10.9.0.1", "master_priority": 100, "last_advert_age_ms": 400,
          "priority": {{"base": {}, "effective": {}, "parts": []}},
          "addresses": [{{"address": "10.9.0.100/32", "held": {}}}]}})",
      state, source, priority, priority, holds);
}

json trees() {
  const std::string own = instance("MASTER", 100, "10.9.0.1");
  const std::string peer = instance("BACKUP", 80, "10.9.0.2");
  return json::parse(fmt::format(
      R"([{{"uptime_ms": 7500000,
           "failover": {{
             "router_id": "lb01", "instances": [{}],
             "pair": {{"peers": [{{"name": "lb02", "address": "10.9.0.2", "up": true,
                       "status": {{"router_id": "lb02", "instances": [{}]}}}}]}},
             "transitions": [{{"time": "2026-11-22T21:00:00.123Z", "instance": "web",
                               "to": "MASTER", "reason": "started", "outage_ms": 3612}}]}},
           "proxy": {{"upstreams": [{{"name": "pool", "servers": [
             {{"address": "10.9.1.1:80", "state": "up"}},
             {{"address": "10.9.1.2:80", "state": "down"}}]}}]}}}}])",
      own, peer));
}

std::string page(const json& status, const ScreenSize& size = {}, const ScreenStyle& style = {}) {
  std::string text;
  for (const auto& line : watch_screen(status, size, style, "21:00:05Z").lines) text += line + "\n";
  return text;
}

TEST(WatchScreen, ShowsBothNodesOfThePair) {
  const std::string text = page(trees());
  for (const char* part :
       {"lb01 with lb02", "web  10.9.0.100/32", "vrid 55 on ens33", "MASTER", "BACKUP",
        "priority 100", "priority 80", "holds", "last advert 0.4 s", "pair link", "1 of 2 up",
        "10.9.1.2:80 down", "outage 3612 ms", "21:00:05Z"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is missing in\n" << text;
  }
}

TEST(WatchScreen, NamesAMasterThatCannotBeAsked) {
  json status = trees();
  json& failover = status[0]["failover"];
  failover["instances"][0] = json::parse(instance("BACKUP", 80, "10.9.0.2"));
  failover.erase("pair");
  EXPECT_NE(page(status).find("master is 10.9.0.1, priority 100"), std::string::npos);
}

TEST(WatchScreen, ShowsWhatIsWrong) {
  json status = trees();
  json& own = status[0]["failover"]["instances"][0];
  own["held_back"] = "only the first path is cut";
  own["mismatches"] = json::parse(R"([{"keyword": "auth_pass", "text": "the passwords differ",
      "ours": "k.conf:12: auth_pass ****", "theirs": "other.conf:9: auth_pass ****"}])");
  const std::string text = page(status);
  for (const char* part : {"only the first path is cut", "auth_pass: the passwords differ",
                           "here  k.conf:12", "there other.conf:9"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " is missing in\n" << text;
  }
}

TEST(WatchScreen, NoLineIsWiderThanTheScreenAndNoPageLonger) {
  json status = trees();
  status[0]["failover"]["instances"][0]["reason"] = std::string(500, 'x');
  status[0]["failover"]["instances"][0]["name"] = std::string(300, 'n');
  for (const std::size_t columns : {20u, 40u, 80u, 200u}) {
    const auto lines = watch_screen(status, {columns, 10}, {false, true}, "21:00:05Z").lines;
    EXPECT_LE(lines.size(), 10u);
    for (const auto& line : lines) EXPECT_LE(columns_of(line), columns) << line;
  }
}

TEST(WatchScreen, ManyInstancesHaveOneLineEachAndCanBeScrolled) {
  json status = trees();
  json& failover = status[0]["failover"];
  json& theirs = failover["pair"]["peers"][0]["status"]["instances"];
  for (int i = 0; i < 50; ++i) {
    for (json* list : {&failover["instances"], &theirs}) {
      json one = list->front();
      one["name"] = fmt::format("VI_{}", i);
      list->push_back(one);
    }
  }
  const auto top = watch_screen(status, {80, 20}, {}, "21:00:05Z");
  ASSERT_EQ(top.lines.size(), 20u);
  EXPECT_EQ(top.scrolled, 0u);
  EXPECT_GT(top.below, 30u);
  EXPECT_NE(top.lines[4].find("VI_0"), std::string::npos) << top.lines[4];
  EXPECT_NE(top.lines[4].find("lb01 MASTER  lb02 BACKUP"), std::string::npos) << top.lines[4];

  const auto lower = watch_screen(status, {80, 20, 10}, {}, "21:00:05Z");
  EXPECT_EQ(lower.lines[0], top.lines[0]);
  EXPECT_EQ(lower.lines[1], top.lines[11]);
  EXPECT_EQ(lower.below, top.below - 10);

  const auto end = watch_screen(status, {80, 20, 1000}, {}, "21:00:05Z");
  EXPECT_EQ(end.scrolled, top.below);
  EXPECT_EQ(end.below, 0u);
  EXPECT_NE(end.lines.back().find("outage 3612 ms"), std::string::npos) << end.lines.back();
}

TEST(WatchScreen, AMistakeThatBothNodesSeeIsShownOnce) {
  json status = trees();
  json& failover = status[0]["failover"];
  failover["instances"][0]["mismatches"] = json::parse(
      R"([{"keyword": "auth_pass", "text": "they differ", "ours": "a:1: x", "theirs": "b:2: y"}])");
  json& peer = failover["pair"]["peers"][0]["status"]["instances"][0]["mismatches"];
  peer = json::parse(
      R"([{"keyword": "auth_pass", "text": "they differ", "ours": "b:2: y", "theirs": "a:1: x"},
          {"keyword": "version", "text": "only seen there", "ours": "b:3: z", "theirs": ""}])");
  const std::string text = page(status, {80, 0});
  EXPECT_EQ(text.find("they differ"), text.rfind("they differ")) << text;
  EXPECT_NE(text.find("only seen there"), std::string::npos) << text;
}

TEST(WatchScreen, OtherPeoplesTextsDoNotReachTheTerminalAsCommands) {
  json status = trees();
  status[0]["failover"]["instances"][0]["reason"] = "\x1b[2J\x07 evil";
  EXPECT_EQ(page(status).find('\x1b'), std::string::npos);
}

TEST(WatchScreen, BearsEmptyAndStrangeStatus) {
  EXPECT_NE(page(json::array()).find("not running"), std::string::npos);
  EXPECT_NE(page(json::parse(R"([{"problem": "no answer"}])")).find("no answer"),
            std::string::npos);
  page(json::parse(R"([{"failover": 7, "proxy": "x"}])"));
  page(json::parse(
      R"([{"failover": {"instances": [7, "x", null], "pair": {"peers": [1, {"status": {}}]}}}])"));
}

TEST(WatchScreen, TimeAloneIsNoChange) {
  json later = trees();
  later[0]["uptime_ms"] = 7'600'000;
  later[0]["failover"]["instances"][0]["age_ms"] = 200'000;
  EXPECT_EQ(essence_of(trees()), essence_of(later));
  later[0]["failover"]["instances"][0]["state"] = "BACKUP";
  EXPECT_NE(essence_of(trees()), essence_of(later));
}

TEST(WatchScreen, CutsBetweenCharacters) {
  EXPECT_EQ(columns_of("äöü"), 3u);
  EXPECT_EQ(cut_to_columns("äöü", 2), "äö");
  EXPECT_EQ(cut_to_columns("abc", 5), "abc");
}

}  // namespace
}  // namespace baton::cli
