// The recorder with made-up moments: bounds, timelines, outages.

#include "failover/flight_recorder.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

using Kind = Moment::Kind;
using vrrp::State;

const auto other_node = net::IpAddress::ipv4(10, 9, 0, 1);

Instant at(Duration since) {
  return Instant{} + since;
}

Moment moment(Kind kind, Duration since, std::uint8_t priority = 0) {
  Moment made;
  made.kind = kind;
  made.at = at(since);
  made.priority = priority;
  if (kind == Kind::advert_heard) made.address = other_node;
  return made;
}

class Recorder : public ::testing::Test {
 protected:
  // Adverts each second from 1 s on, the last one at `last`.
  void hear_until(Duration last) {
    for (Duration when = 1s; when <= last; when += 1s) {
      recorder.note("VI_1", moment(Kind::advert_heard, when, 100));
    }
  }
  void take_over(Duration when, State from = State::backup) {
    recorder.note_transition("VI_1", {from, State::master, "why"}, at(when), {});
    recorder.note("VI_1", moment(Kind::addresses_added, when + 1ms));
    recorder.note("VI_1", moment(Kind::announced, when + 2ms));
  }
  FlightRecorder recorder;
};

TEST_F(Recorder, OutageOfADeadMasterCountsFromItsLastAdvert) {
  hear_until(5s);
  take_over(8600ms);
  const Flight& flight = recorder.flights().back();
  EXPECT_EQ(flight.old_master, other_node);
  EXPECT_EQ(flight.silence, 3600ms);
  EXPECT_EQ(flight.outage, 3602ms);
}

TEST_F(Recorder, AMasterThatWasStillSendingWasThereUntilTheTakeover) {
  hear_until(5s);
  take_over(5400ms);
  EXPECT_EQ(recorder.flights().back().outage, 2ms);
}

TEST_F(Recorder, AMasterThatPassedWasThereUntilTheTakeover) {
  recorder.note("VI_1", moment(Kind::advert_heard, 5s, 100));  // its only one
  Moment told = moment(Kind::handover, 5900ms);
  told.set_text(Moment::told_to_take_over);
  recorder.note("VI_1", told);
  take_over(5901ms);
  EXPECT_EQ(recorder.flights().back().outage, 2ms);
  // A later takeover from another one has nothing to do with that.
  recorder.note("VI_1", moment(Kind::advert_heard, 8s, 100));
  take_over(18s);
  EXPECT_EQ(recorder.flights().back().outage, 10002ms);
}

TEST_F(Recorder, AMasterThatGaveUpIsGoneFromThenOn) {
  hear_until(5s);
  recorder.note("VI_1", moment(Kind::advert_heard, 5200ms, 0));
  take_over(5890ms);
  EXPECT_EQ(recorder.flights().back().outage, 692ms);
}

TEST_F(Recorder, ATakeoverThatWasNeverAnnouncedHasNoOutageYet) {
  hear_until(2s);
  recorder.note_transition("VI_1", {State::backup, State::master, "why"}, at(6s), {});
  EXPECT_FALSE(recorder.flights().back().outage);
}

TEST_F(Recorder, TheTimelineHoldsWhatWasBeforeAndShortlyAfter) {
  hear_until(3s);
  take_over(6600ms);
  recorder.note("VI_1", moment(Kind::advert_sent, 7600ms));  // an ordinary one, much later
  std::vector<Kind> kinds;
  for (const Moment& one : recorder.flights().back().timeline) kinds.push_back(one.kind);
  EXPECT_EQ(kinds, (std::vector{Kind::advert_heard, Kind::advert_heard, Kind::advert_heard,
                                Kind::transition, Kind::addresses_added, Kind::announced}));
}

TEST_F(Recorder, RingsAndFlightsAreBounded) {
  for (int i = 0; i < 500; ++i) {
    recorder.note("VI_1", moment(Kind::advert_sent, std::chrono::seconds(i)));
  }
  const auto recent = recorder.recent("VI_1");
  ASSERT_EQ(recent.size(), FlightRecorder::moments_max);
  EXPECT_EQ(recent.back().at, at(499s));
  EXPECT_EQ(recent.front().at, at(std::chrono::seconds(500 - FlightRecorder::moments_max)));
  for (int i = 0; i < 100; ++i) take_over(std::chrono::seconds(1000 + i));
  EXPECT_EQ(recorder.flights().size(), FlightRecorder::flights_max);
  EXPECT_EQ(recorder.flights().back().number, 100u);
  EXPECT_LE(recorder.flights().back().timeline.size(),
            FlightRecorder::moments_max + FlightRecorder::aftermath_max);
}

TEST_F(Recorder, InstancesDoNotMix) {
  recorder.note("VI_2", moment(Kind::advert_heard, 1s, 50));
  take_over(3s);
  EXPECT_FALSE(recorder.flights().back().old_master);
  EXPECT_EQ(recorder.recent("VI_2").size(), 1u);
}

TEST_F(Recorder, ConnectionsBelongToTheLastTransitionOfTheirInstance) {
  take_over(3s);
  recorder.note_transition("VI_2", {State::init, State::backup, "started"}, at(4s), {});
  EXPECT_EQ(recorder.last_flight("VI_3"), 0u);
  recorder.note_connections(recorder.last_flight("VI_1"), {.kept = 3, .moved = 4, .lost = 0});
  ASSERT_TRUE(recorder.flights().front().connections);
  EXPECT_EQ(recorder.flights().front().connections->moved, 4);
  EXPECT_FALSE(recorder.flights().back().connections);
}

TEST_F(Recorder, LongWordsAreCut) {
  Moment made;
  made.set_text(std::string(200, 'x'));
  EXPECT_EQ(made.words().size(), Moment::text_max);
}

}  // namespace
}  // namespace baton::failover
