// Building the history object.

#include "failover/history.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "failover/flight_recorder.h"
#include "failover/status.h"

namespace baton::failover {

namespace {

using nlohmann::json;

// Milliseconds to the microsecond.
double precise_ms(Duration duration) {
  return std::round(to_seconds(duration) * 1e6) / 1e3;
}

json precise_or_null(const std::optional<Duration>& duration) {
  return duration ? json(precise_ms(*duration)) : json(nullptr);
}

json moment_json(const Moment& moment, Instant transition) {
  const bool is_advert = moment.kind == Moment::Kind::advert_heard ||
                         moment.kind == Moment::Kind::advert_rejected ||
                         moment.kind == Moment::Kind::advert_sent;
  return {{"at_ms", precise_ms(moment.at - transition)},
          {"event", name_of(moment.kind)},
          {"address", moment.address.is_any() ? json(nullptr) : json(moment.address.text())},
          {"priority", is_advert ? json(moment.priority) : json(nullptr)},
          {"text", moment.words()},
          {"timer_in_ms",
           moment.due == never ? json(nullptr) : json(precise_ms(moment.due - moment.at))}};
}

json flight_json(const Flight& flight, Instant now) {
  json timeline = json::array();
  for (const Moment& moment : flight.timeline) timeline.push_back(moment_json(moment, flight.at));
  json connections = nullptr;
  if (flight.connections) {
    connections = {{"kept", flight.connections->kept},
                   {"moved", flight.connections->moved},
                   {"lost", flight.connections->lost}};
  }
  return {{"number", flight.number},
          {"time", iso_time(flight.wall)},
          {"age_ms", to_ms(now - flight.at)},
          {"instance", flight.instance},
          {"from", vrrp::name_of(flight.from)},
          {"to", vrrp::name_of(flight.to)},
          {"reason", flight.reason},
          {"old_master", flight.old_master ? json(flight.old_master->text()) : json(nullptr)},
          {"silence_ms", precise_or_null(flight.silence)},
          {"outage_ms", precise_or_null(flight.outage)},
          {"connections", connections},
          {"timeline", timeline}};
}

}  // namespace

json history(const FlightRecorder& recorder, Instant now) {
  json transitions = json::array();
  for (const Flight& flight : recorder.flights()) transitions.push_back(flight_json(flight, now));
  return {{"transitions", transitions}};
}

}  // namespace baton::failover
