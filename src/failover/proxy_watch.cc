// States of the proxy and their graces.

#include "failover/proxy_watch.h"

#include <utility>

namespace baton::failover {

const char* name_of(ProxyWatch::State state) {
  switch (state) {
    case ProxyWatch::State::alive:
      return "alive";
    case ProxyWatch::State::restarting:
      return "restarting";
    case ProxyWatch::State::dead:
      return "dead";
    case ProxyWatch::State::hung:
      return "hung";
    case ProxyWatch::State::absent:
      break;
  }
  return "absent";
}

void ProxyWatch::attached(std::uint64_t generation, ipc::Pulse pulse, Instant now) {
  if (generation < generation_) return;
  generation_ = generation;
  pulse_ = std::move(pulse);
  attached_at_ = now;
  set(State::alive, now);
}

void ProxyWatch::life_ended(std::uint64_t generation, Instant now) {
  if (generation != generation_ || state_ == State::dead) return;
  set(State::restarting, now);
}

void ProxyWatch::retired(std::uint64_t generation, bool on_purpose, Instant now) {
  if (generation == generation_ && on_purpose) set(State::dead, now);
}

bool ProxyWatch::look(Instant now) {
  const auto before = std::pair(state_, missed_);
  switch (state_) {
    case State::absent:
      missed_ |= now - since_ >= announce_grace;
      break;
    case State::restarting:
      if (now - since_ >= grace_) set(State::dead, now);
      break;
    case State::alive:
      // A new proxy's threads need a moment before they turn.
      if (!pulse_->turning(now) && now - attached_at_ >= ipc::turn_limit) set(State::hung, now);
      break;
    case State::hung:
      if (pulse_->turning(now)) set(State::alive, now);
      break;
    case State::dead:
      break;
  }
  return before != std::pair(state_, missed_);
}

Instant ProxyWatch::deadline() const {
  if (state_ == State::restarting) return since_ + grace_;
  if (state_ == State::absent && !missed_) return since_ + announce_grace;
  return never;
}

vrrp::Health ProxyWatch::health() const {
  switch (state_) {
    case State::alive:
    case State::restarting:
      return vrrp::Health::up;
    case State::dead:
    case State::hung:
      return vrrp::Health::down;
    case State::absent:
      break;
  }
  return missed_ ? vrrp::Health::down : vrrp::Health::unknown;
}

std::string ProxyWatch::detail() const {
  switch (state_) {
    case State::dead:
      return "its process ended";
    case State::hung:
      return "its threads hang";
    case State::absent:
      return missed_ ? "none has announced itself" : "";
    default:
      return "";
  }
}

void ProxyWatch::set(State state, Instant now) {
  if (state_ == state) return;
  state_ = state;
  since_ = now;
}

}  // namespace baton::failover
