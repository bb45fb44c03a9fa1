// The page from JSON as the processes give it, also when they give little.

#include "cli/status_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

json one_tree() {
  return json::parse(R"({
    "version": "0.1.0", "started_as": "baton", "uptime_ms": 192000,
    "configuration_loaded": "2026-11-22T21:00:00.123Z",
    "files": {"proxy": "/etc/nginx/nginx.conf", "failover": "/etc/keepalived/keepalived.conf"},
    "last_reload": {"ok": false, "time": "2026-11-22T21:01:00.000Z", "text": "x.conf:1:1: error: no\n"},
    "processes": [{"role": "proxy", "pid": 12, "state": "serving", "generation": 2,
                   "uptime_ms": 4200, "restarts": 1}],
    "failover": {
      "instances": [{"name": "web", "state": "MASTER", "age_ms": 61000, "reason": "no master heard",
        "interface": "ens33", "virtual_router_id": 55, "master": "192.168.175.101",
        "advert_interval_ms": 1000, "preempt": true, "unicast_peers": [],
        "priority": {"base": 100, "effective": 70,
          "parts": [{"tracker": "script chk", "state": "down", "contribution": -30}]},
        "adverts": {"in": 1, "out": 60, "bad": 2, "bad_by_cause": {"password": 2}},
        "addresses": [{"address": "192.168.175.100/32", "device": "ens33", "held": true}]}],
      "scripts": [{"name": "chk", "state": "down", "runs": 9, "failures": 3,
                   "last_result": "exited with status 1", "last_run_ms": 4}],
      "transitions": [{"time": "2026-11-22T21:00:04.000Z", "instance": "web", "from": "BACKUP",
                       "to": "MASTER", "reason": "no master heard"}]},
    "proxy": {"requests": 5, "upstreams": [{"name": "WebServer", "servers": [
       {"address": "192.168.175.121:80", "state": "up", "requests": 3, "failures": 0}]}]}
  })");
}

TEST(StatusTextTest, the_page_says_who_holds_the_address_and_why) {
  const std::string page = status_text(json::array({one_tree()}));
  EXPECT_THAT(page, HasSubstr("web  MASTER for 1 min 1 s: no master heard"));
  EXPECT_THAT(page, HasSubstr("holds     192.168.175.100/32 on ens33"));
  EXPECT_THAT(page, HasSubstr("priority 70 = 100 -30 (script chk is down)"));
  EXPECT_THAT(page, HasSubstr("1 in, 60 out, 2 bad, 2 password"));
  EXPECT_THAT(page, HasSubstr("2026-11-22 21:00:04Z web BACKUP -> MASTER: no master heard"));
}

TEST(StatusTextTest, a_second_path_on_which_nothing_is_heard_is_no_secret) {
  json tree = one_tree();
  EXPECT_EQ(status_text(json::array({tree})).find("second path"), std::string::npos);
  tree["failover"]["second_path"] = {{"ways", "eth1"}, {"silent_ms", 8000}};
  EXPECT_THAT(status_text(json::array({tree})),
              HasSubstr("  second path: NOTHING is heard on eth1 for 8.0 s\n"));
}

TEST(StatusTextTest, the_page_shows_upstreams_processes_and_a_refused_reload) {
  const std::string page = status_text(json::array({one_tree()}));
  EXPECT_THAT(page, HasSubstr("upstream WebServer\n    192.168.175.121:80"));
  EXPECT_THAT(page, HasSubstr("generation 2, crashes: 1"));
  EXPECT_THAT(page, HasSubstr("REFUSED, nothing changed, at 2026-11-22 21:01:00Z"));
  EXPECT_THAT(page, HasSubstr("x.conf:1:1: error: no"));
}

TEST(StatusTextTest, a_part_that_does_not_answer_or_says_nonsense_is_shown_as_such) {
  json tree = one_tree();
  tree["failover"] = {{"problem", "the process does not answer"}};
  tree["proxy"] = {{"upstreams", "nonsense"}};
  const std::string page = status_text(json::array({tree, {{"problem", "x"}, {"socket", "/s"}}}));
  EXPECT_THAT(page, HasSubstr("Failover: the process does not answer"));
  EXPECT_THAT(page, HasSubstr("/s: x"));
  EXPECT_NE(status_text(json::array({json::object()})), "");
}

TEST(StatusTextTest, rates_come_from_two_samples) {
  json now = json::array({one_tree()});
  json before = now;
  before[0]["proxy"]["upstreams"][0]["servers"][0]["requests"] = 1;
  add_rates(now, before, 0.5);
  EXPECT_THAT(status_text(now), HasSubstr("3 requests, 4.0/s, 0 failures"));
  json other = now;
  other[0]["proxy"]["upstreams"][0]["servers"][0]["address"] = "10.0.0.1:80";
  json fresh = json::array({one_tree()});
  add_rates(fresh, other, 0.5);
  EXPECT_THAT(status_text(fresh), testing::Not(HasSubstr("/s,")));
}

TEST(StatusTextTest, ages_are_told_in_two_units) {
  EXPECT_EQ(age_text(4200), "4.2 s");
  EXPECT_EQ(age_text(723'000), "12 min 3 s");
  EXPECT_EQ(age_text(7'500'000), "2 h 5 min");
  EXPECT_EQ(age_text(273'600'000), "3 d 4 h");
}

}  // namespace
}  // namespace baton::cli
