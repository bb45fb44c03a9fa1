// Rings, flights and the arithmetic of outages.

#include "failover/flight_recorder.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::failover {

void Moment::set_text(std::string_view words) {
  const std::size_t length = std::min(words.size(), text_max);
  text.fill('\0');
  std::copy_n(words.begin(), length, text.begin());
}

std::string_view Moment::words() const {
  const auto end = std::ranges::find(text, '\0');
  return {text.data(), static_cast<std::size_t>(end - text.begin())};
}

const char* name_of(Moment::Kind kind) {
  static constexpr std::array names{"started",
                                    "advert_heard",
                                    "advert_rejected",
                                    "advert_sent",
                                    "timer",
                                    "tracker",
                                    "source",
                                    "slept",
                                    "reloaded",
                                    "claimed",
                                    "stop",
                                    "group",
                                    "second_path",
                                    "witness_asked",
                                    "witness",
                                    "link_receives",
                                    "detector",
                                    "handover",
                                    "addresses_added",
                                    "addresses_removed",
                                    "announced",
                                    "transition",
                                    "other"};
  static_assert(names.size() == static_cast<std::size_t>(Moment::Kind::other) + 1);
  return names[static_cast<std::size_t>(kind)];
}

FlightRecorder::Ring* FlightRecorder::ring_of(const std::string& instance) {
  const auto found = rings_.find(instance);
  if (found != rings_.end()) return &found->second;
  return rings_.size() < instances_max ? &rings_.try_emplace(instance).first->second : nullptr;
}

void FlightRecorder::note(Ring* known, const Moment& moment) {
  if (known == nullptr) return;
  Ring& ring = *known;
  // A burst of announcements is one claim.
  const Moment& last = ring.moments[(ring.next + moments_max - 1) % moments_max];
  const bool is_burst = moment.kind == Moment::Kind::claimed && last.kind == moment.kind &&
                        last.address == moment.address && last.text == moment.text &&
                        moment.at - last.at < 1s;
  if (ring.count > 0 && is_burst) return;
  ring.moments[ring.next] = moment;
  ring.next = (ring.next + 1) % moments_max;
  ring.count = std::min(ring.count + 1, moments_max);
  watch_adverts(ring, moment);
  if (ring.open_flight != 0) extend(ring, moment);
}

void FlightRecorder::watch_adverts(Ring& ring, const Moment& moment) {
  if (moment.kind == Moment::Kind::handover && moment.words() == Moment::told_to_take_over) {
    ring.told_at = moment.at;
  }
  if (moment.kind != Moment::Kind::advert_heard) return;
  const bool same = ring.heard_from == moment.address;
  ring.usual_pause = same ? moment.at - ring.heard_at : Duration(0);
  ring.heard_from = moment.address;
  ring.heard_at = moment.at;
  ring.heard_priority = moment.priority;
}

void FlightRecorder::extend(Ring& ring, const Moment& moment) {
  Flight* flight = find(ring.open_flight);
  const bool too_late = moment.at - ring.open_since > aftermath;
  if (!flight || too_late || ring.open_moments >= aftermath_max) {
    ring.open_flight = 0;
    return;
  }
  ++ring.open_moments;
  flight->timeline.push_back(moment);
  if (moment.kind != Moment::Kind::announced || flight->outage) return;
  if (flight->to != vrrp::State::master) return;
  // An old master that was on time was there until now, and so was one that passed the addresses
  // on: it keeps them until it hears us.
  const bool was_passed = ring.told_at && flight->at - *ring.told_at < aftermath;
  const bool was_there = !flight->silence || was_passed ||
                         (ring.heard_priority != 0 && *flight->silence < ring.usual_pause * 3 / 2);
  flight->outage = moment.at - flight->at + (was_there ? Duration(0) : *flight->silence);
}

void FlightRecorder::note_transition(const std::string& instance,
                                     const vrrp::action::Transition& transition, Instant at,
                                     WallTime wall) {
  Moment moment;
  moment.at = at;
  moment.kind = Moment::Kind::transition;
  moment.set_text(
      fmt::format("{} -> {}", vrrp::name_of(transition.from), vrrp::name_of(transition.to)));
  note(instance, moment);

  Flight flight;
  flight.number = ++last_number_;
  flight.at = at;
  flight.wall = wall;
  flight.instance = instance;
  flight.from = transition.from;
  flight.to = transition.to;
  flight.reason = transition.reason;
  if (const auto found = rings_.find(instance); found != rings_.end()) {
    Ring& ring = found->second;
    flight.timeline = copy(ring);
    flight.timeline.reserve(flight.timeline.size() + aftermath_max);
    if (ring.heard_from && transition.from == vrrp::State::backup) {
      flight.old_master = ring.heard_from;
      flight.silence = std::max(Duration(0), at - ring.heard_at);
    }
    ring.open_flight = flight.number;
    ring.open_since = at;
    ring.open_moments = 0;
  }
  flights_.push_back(std::move(flight));
  if (flights_.size() > flights_max) flights_.pop_front();
}

void FlightRecorder::note_connections(std::uint64_t flight, const MovedConnections& connections) {
  if (Flight* known = find(flight)) known->connections = connections;
}

std::uint64_t FlightRecorder::last_flight(const std::string& instance) const {
  const auto last = std::find_if(flights_.rbegin(), flights_.rend(),
                                 [&](const Flight& flight) { return flight.instance == instance; });
  return last == flights_.rend() ? 0 : last->number;
}

std::optional<Instant> FlightRecorder::last_advert(const std::string& instance) const {
  const auto found = rings_.find(instance);
  if (found == rings_.end() || !found->second.heard_from) return std::nullopt;
  return found->second.heard_at;
}

std::vector<Moment> FlightRecorder::recent(const std::string& instance) const {
  const auto found = rings_.find(instance);
  return found == rings_.end() ? std::vector<Moment>{} : copy(found->second);
}

std::vector<Moment> FlightRecorder::copy(const Ring& ring) {
  std::vector<Moment> moments;
  moments.reserve(ring.count);
  const std::size_t first = (ring.next + moments_max - ring.count) % moments_max;
  for (std::size_t i = 0; i < ring.count; ++i) {
    moments.push_back(ring.moments[(first + i) % moments_max]);
  }
  return moments;
}

Flight* FlightRecorder::find(std::uint64_t number) {
  const auto found = std::ranges::find(flights_, number, &Flight::number);
  return found == flights_.end() ? nullptr : &*found;
}

}  // namespace baton::failover
