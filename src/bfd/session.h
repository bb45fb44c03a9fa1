// One BFD session as a pure machine (RFC 5880 section 6.8, asynchronous mode without echo):
// handle(Event, now) -> Actions. Who drives it delivers packets, sends what it is told to send and
// calls again with TimerDue when deadline() has come.
//
// The model (section 6.2): each side tells its own state in every packet, and three states make a
// handshake of it. A packet that carries news goes out at once, so a session is up within one
// round trip; otherwise packets go out in a window of 75 to 100 % of the interval that both sides
// agreed on, and silence for `multiplier` intervals ends the session.
//
// Invariants:
//  1. Changed actions tell every change of state, and only changes.
//  2. Slower sending and a shorter detection time take effect when a poll sequence has shown that
//     the other side knows (section 6.8.3).
//  3. The machine never sends faster than the other side says it can take.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "bfd/packet.h"

namespace baton::bfd {

struct SessionSettings {
  Duration min_tx = 50ms;
  Duration min_rx = 50ms;
  Duration idle_tx = 1s;  // while the session is not up
  std::uint8_t multiplier = 3;
  bool passive = false;  // says nothing before it was spoken to

  friend bool operator==(const SessionSettings&, const SessionSettings&) = default;
};

namespace event {

struct PacketReceived {
  Packet packet;
  Instant arrived{};  // when the kernel got it
};

// The instant of deadline() has come; all packets that waited have been delivered.
struct TimerDue {};

// Another session sends now: whoever may send already joins it.
struct Beat {};

// This process did not run for a while: silence of the other side is not believed before another
// detection time.
struct Slept {};

struct Reconfigured {
  SessionSettings settings;
};

// Keeps the session down, and tells the other side that this is on purpose.
struct Disable {};

}  // namespace event

using Event = std::variant<event::PacketReceived, event::TimerDue, event::Beat, event::Slept,
                           event::Reconfigured, event::Disable>;

enum class Cause : std::uint8_t {
  handshake,          // on the way up
  detection_time,     // nothing was heard for the detection time
  neighbor_down,      // the other side tells that it does not hear us, or has begun anew
  neighbor_disabled,  // the other side was disabled on purpose
  disabled,           // we were
};

// "detection time expired", ...
const char* describe(Cause cause);

namespace action {

struct Send {
  Packet packet;
};

struct Changed {
  State from = State::down;
  State to = State::down;
  Cause cause = Cause::handshake;
};

}  // namespace action

using Action = std::variant<action::Send, action::Changed>;
using Actions = std::vector<Action>;

class Session {
 public:
  struct Counters {
    std::uint64_t received = 0;
    std::uint64_t sent = 0;
    std::uint64_t came_up = 0;
    std::uint64_t went_down = 0;  // from up
  };

  // `discriminator` is not 0 and no other session's; `seed` is for the jitter.
  Session(SessionSettings settings, std::uint32_t discriminator, std::uint64_t seed);

  // Begins to speak, unless passive.
  void start(Instant now);
  Actions handle(const Event& event, Instant now);
  [[nodiscard]] Instant deadline() const;

  [[nodiscard]] const SessionSettings& settings() const { return settings_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] State remote_state() const { return remote_state_; }
  [[nodiscard]] Diagnostic diagnostic() const { return diagnostic_; }
  [[nodiscard]] Diagnostic remote_diagnostic() const { return remote_diagnostic_; }
  [[nodiscard]] std::uint32_t discriminator() const { return discriminator_; }
  [[nodiscard]] std::uint32_t remote_discriminator() const { return remote_discriminator_; }
  [[nodiscard]] bool polling() const { return polling_; }
  // As agreed with the other side.
  [[nodiscard]] Duration transmit_interval() const;
  [[nodiscard]] Duration receive_interval() const;
  // Silence for this long ends the session; 0 before anything was heard.
  [[nodiscard]] Duration detection_time() const;
  // ... and for this long the other side takes our silence.
  [[nodiscard]] Duration remote_detection_time() const;
  [[nodiscard]] Instant heard_at() const { return heard_at_; }  // `never`: not yet
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  void on(const event::PacketReceived& received, Instant now);
  void on(const event::TimerDue&, Instant now);
  void on(const event::Beat&, Instant now);
  void on(const event::Slept&, Instant now);
  void on(const event::Reconfigured& change, Instant now);
  void on(const event::Disable&, Instant now);

  void take_over_fields(const Packet& packet);
  void follow_state(State told, Instant now);
  void go_down(Diagnostic diagnostic, Cause cause, Instant now);
  void enter(State state, Cause cause, Instant now);
  // Says what is wanted now; starts a poll sequence when the session is up and that is news.
  void offer_intervals();
  void end_poll();
  void send(bool final, Instant now);
  void plan_transmission(Instant now);
  void forget_neighbor();
  [[nodiscard]] bool speaks() const;

  SessionSettings settings_;
  std::uint32_t discriminator_;
  Random random_;
  State state_ = State::down;
  Diagnostic diagnostic_ = Diagnostic::none;

  // What the other side told last.
  State remote_state_ = State::down;
  Diagnostic remote_diagnostic_ = Diagnostic::none;
  std::uint32_t remote_discriminator_ = 0;
  std::uint8_t remote_multiplier_ = 0;
  Duration remote_min_tx_ = 0s;
  Duration remote_min_rx_ = 1us;
  Instant heard_at_ = never;

  // What we tell, and what is in force until a poll sequence has ended.
  Duration desired_tx_;
  Duration required_rx_;
  Duration active_tx_;
  Duration active_rx_;
  bool polling_ = false;

  Instant transmit_from_ = never;  // the earliest that the interval allows
  Instant transmit_at_ = never;
  Instant detect_at_ = never;
  Counters counters_;
  Actions actions_;
};

}  // namespace baton::bfd
