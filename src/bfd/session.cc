// States, timers and poll sequences (RFC 5880 sections 6.8.1 to 6.8.7 and 6.8.16).

#include "bfd/session.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace baton::bfd {

const char* describe(Cause cause) {
  switch (cause) {
    case Cause::handshake:
      return "handshake";
    case Cause::detection_time:
      return "detection time expired";
    case Cause::neighbor_down:
      return "neighbor signaled session down";
    case Cause::neighbor_disabled:
      return "neighbor is administratively down";
    case Cause::disabled:
      return "administratively down";
  }
  BATON_ASSERT(false);
}

Session::Session(SessionSettings settings, std::uint32_t discriminator, std::uint64_t seed)
    : settings_(settings),
      discriminator_(discriminator),
      random_(seed),
      desired_tx_(std::max(settings.min_tx, settings.idle_tx)),
      required_rx_(settings.min_rx),
      active_tx_(desired_tx_),
      active_rx_(required_rx_) {
  BATON_ASSERT(discriminator != 0 && settings.multiplier != 0);
}

void Session::start(Instant now) {
  if (!settings_.passive) transmit_from_ = transmit_at_ = now;
}

Actions Session::handle(const Event& event, Instant now) {
  actions_.clear();
  std::visit([&](const auto& single) { on(single, now); }, event);
  return std::exchange(actions_, {});
}

Instant Session::deadline() const {
  return std::min(transmit_at_, detect_at_);
}

Duration Session::transmit_interval() const {
  return std::max(active_tx_, remote_min_rx_);
}

Duration Session::receive_interval() const {
  return std::max(active_rx_, remote_min_tx_);
}

Duration Session::detection_time() const {
  return remote_multiplier_ * receive_interval();
}

Duration Session::remote_detection_time() const {
  return settings_.multiplier * transmit_interval();
}

void Session::on(const event::PacketReceived& received, Instant now) {
  if (state_ == State::admin_down) return;
  const Packet& packet = received.packet;
  ++counters_.received;
  const bool was_silent = transmit_at_ == never;
  const Duration earlier_interval = transmit_interval();
  take_over_fields(packet);
  if (packet.final) end_poll();
  heard_at_ = received.arrived;
  detect_at_ = received.arrived + detection_time();
  const std::size_t sent_before = counters_.sent;
  follow_state(packet.state, now);
  if (packet.poll) send(true, now);
  // A shorter interval counts from now on, not from the end of the present longer one.
  const bool sent = counters_.sent != sent_before;
  if (!sent && (was_silent || transmit_interval() < earlier_interval)) plan_transmission(now);
  if (!speaks()) transmit_from_ = transmit_at_ = never;
}

void Session::take_over_fields(const Packet& packet) {
  remote_discriminator_ = packet.my_discriminator;
  remote_state_ = packet.state;
  remote_diagnostic_ = packet.diagnostic;
  remote_multiplier_ = packet.multiplier;
  remote_min_tx_ = packet.desired_min_tx;
  remote_min_rx_ = packet.required_min_rx;
}

void Session::follow_state(State told, Instant now) {
  if (told == State::admin_down) {
    if (state_ != State::down) {
      go_down(Diagnostic::neighbor_signaled_down, Cause::neighbor_disabled, now);
    }
    return;
  }
  switch (state_) {
    case State::down:
      if (told == State::down) enter(State::init, Cause::handshake, now);
      if (told == State::init) enter(State::up, Cause::handshake, now);
      return;
    case State::init:
      if (told == State::init || told == State::up) enter(State::up, Cause::handshake, now);
      return;
    case State::up:
      if (told == State::down) {
        go_down(Diagnostic::neighbor_signaled_down, Cause::neighbor_down, now);
      }
      return;
    case State::admin_down:
      return;
  }
}

void Session::go_down(Diagnostic diagnostic, Cause cause, Instant now) {
  diagnostic_ = diagnostic;
  enter(State::down, cause, now);
}

void Session::enter(State state, Cause cause, Instant now) {
  actions_.emplace_back(action::Changed{state_, state, cause});
  if (state == State::up) {
    ++counters_.came_up;
    diagnostic_ = Diagnostic::none;
  }
  if (state_ == State::up) ++counters_.went_down;
  state_ = state;
  offer_intervals();
  // News travel at once (section 6.8.7).
  if (speaks()) send(false, now);
}

void Session::offer_intervals() {
  const bool is_up = state_ == State::up;
  const Duration tx = is_up ? settings_.min_tx : std::max(settings_.min_tx, settings_.idle_tx);
  if (tx == desired_tx_ && settings_.min_rx == required_rx_) return;
  desired_tx_ = tx;
  required_rx_ = settings_.min_rx;
  polling_ = is_up;
  if (!is_up || desired_tx_ < active_tx_) active_tx_ = desired_tx_;
  if (!is_up || required_rx_ > active_rx_) active_rx_ = required_rx_;
}

void Session::end_poll() {
  if (!polling_) return;
  polling_ = false;
  active_tx_ = desired_tx_;
  active_rx_ = required_rx_;
}

void Session::on(const event::TimerDue&, Instant now) {
  if (detect_at_ <= now) {
    detect_at_ = never;
    const bool was_down = state_ == State::down;
    forget_neighbor();
    if (!was_down) go_down(Diagnostic::detection_time_expired, Cause::detection_time, now);
    if (!speaks()) transmit_from_ = transmit_at_ = never;
  }
  if (transmit_at_ <= now) send(false, now);
}

void Session::on(const event::Beat&, Instant now) {
  if (transmit_from_ <= now) send(false, now);
}

void Session::on(const event::Slept&, Instant now) {
  if (detect_at_ != never) detect_at_ = std::max(detect_at_, now + detection_time());
}

void Session::on(const event::Reconfigured& change, Instant now) {
  settings_ = change.settings;
  if (state_ == State::admin_down) return;
  offer_intervals();
  if (speaks()) send(false, now);
}

void Session::on(const event::Disable&, Instant now) {
  if (state_ == State::admin_down) return;
  diagnostic_ = Diagnostic::administratively_down;
  detect_at_ = never;
  const std::uint32_t neighbor = remote_discriminator_;
  enter(State::admin_down, Cause::disabled, now);
  if (neighbor == 0) transmit_from_ = transmit_at_ = never;
}

void Session::forget_neighbor() {
  remote_discriminator_ = 0;
  remote_state_ = State::down;
  remote_min_rx_ = 1us;
  remote_min_tx_ = 0s;
}

bool Session::speaks() const {
  if (remote_min_rx_ == 0s) return false;
  return remote_discriminator_ != 0 || (!settings_.passive && state_ != State::admin_down);
}

void Session::send(bool final, Instant now) {
  Packet packet;
  packet.diagnostic = diagnostic_;
  packet.state = state_;
  packet.final = final;
  packet.poll = polling_ && !final;
  packet.multiplier = settings_.multiplier;
  packet.my_discriminator = discriminator_;
  packet.your_discriminator = remote_discriminator_;
  packet.desired_min_tx = desired_tx_;
  packet.required_min_rx = required_rx_;
  actions_.emplace_back(action::Send{packet});
  ++counters_.sent;
  plan_transmission(now);
}

// The window ends at 90 % when a single lost packet would already end the session.
void Session::plan_transmission(Instant now) {
  const Duration interval = transmit_interval();
  const std::uint64_t width = settings_.multiplier == 1 ? 15 : 25;
  transmit_from_ = now + interval * 3 / 4;
  const auto steps = static_cast<std::int64_t>(random_.below(width * 100 + 1));
  transmit_at_ = transmit_from_ + interval * steps / 10000;
}

}  // namespace baton::bfd
