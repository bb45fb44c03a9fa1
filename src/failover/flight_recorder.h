// The flight recorder: what each virtual router heard, sent and was told shortly before it changed
// its state, so that the question "why did it move last night" has an answer.
//
// The model: every event of a router is one Moment in a ring of fixed size that belongs to the
// router's name; writing one allocates nothing. A change of state takes the ring's newest moments
// along into a Flight, together with why it happened; what follows within a moment (addresses put,
// announced) completes it. Flights are bounded in number. Rings and flights outlive reloads; what
// a router that was taken out of the file did stays to be read.
//
// The outage of a takeover is what this node can know of it: from the last advert of the old
// master, or from the takeover itself when the old one was still sending, until the own addresses
// were announced.
//
// Pure: times are given by the caller.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "net/address.h"
#include "vrrp/event.h"

namespace baton::failover {

struct Moment {
  enum class Kind : std::uint8_t {
    started,
    advert_heard,
    advert_rejected,
    advert_sent,
    timer,        // the timer that was waited for came due
    tracker,      // `text` says which one and what it reported
    source,       // the address to send from changed
    slept,        // this process did not run
    reloaded,     // other settings
    claimed,      // somebody else says that it has an address
    stop,         // told to stop
    group,        // the sync group said something
    second_path,  // heard over the second heartbeat path
    witness_asked,
    witness,        // what the witness said
    link_receives,  // the link has received a frame
    detector,       // BFD or another detector of failures
    handover,       // a planned move
    addresses_added,
    addresses_removed,
    announced,
    transition,  // `text` says from what to what
    other,
  };
  static constexpr std::size_t text_max = 48;
  static constexpr std::string_view told_to_take_over = "told to take over";  // of a handover

  Instant at{};  // of a packet: when the kernel got it
  Kind kind = Kind::other;
  std::uint8_t priority = 0;  // of adverts
  net::IpAddress address;     // of the sender; any() when it says nothing
  Instant due = never;        // when the router's timer was due after this
  std::array<char, text_max> text{};

  void set_text(std::string_view words);
  [[nodiscard]] std::string_view words() const;
};

const char* name_of(Moment::Kind kind);

// What a move did to established connections (connection_tally.h); -1: not known.
struct MovedConnections {
  std::int64_t kept = -1;   // live on at the old node until they end
  std::int64_t moved = -1;  // were at the new node already: the address has come to them
  std::int64_t lost = -1;
};

struct Flight {
  std::uint64_t number = 0;  // counts from 1
  Instant at{};
  WallTime wall{};
  std::string instance;
  vrrp::State from{};
  vrrp::State to{};
  std::string reason;
  std::optional<net::IpAddress> old_master;  // whose adverts were heard last
  std::optional<Duration> silence;           // since its last advert, at the transition
  std::optional<Duration> outage;            // takeovers only, once announced
  std::optional<MovedConnections> connections;
  std::vector<Moment> timeline;  // oldest first, up to and beyond the transition
};

class FlightRecorder {
 public:
  static constexpr std::size_t moments_max = 48;      // a ring
  static constexpr std::size_t flights_max = 64;      // of all routers
  static constexpr std::size_t aftermath_max = 8;     // moments that a flight takes in afterwards
  static constexpr Duration aftermath = 200ms;        // ... within this time
  static constexpr std::size_t instances_max = 1024;  // rings; beyond, nothing is recorded

  struct Ring;
  // The ring of `instance`, for who notes often: valid as long as the recorder. Null when there is
  // no room for another one.
  [[nodiscard]] Ring* ring_of(const std::string& instance);
  // Something happened. Allocates only while a transition has just been.
  void note(Ring* ring, const Moment& moment);
  void note(const std::string& instance, const Moment& moment) { note(ring_of(instance), moment); }
  // `instance` changed its state.
  void note_transition(const std::string& instance, const vrrp::action::Transition& transition,
                       Instant at, WallTime wall);
  // What became of connections in the transition of this number, as far as it is known by now.
  void note_connections(std::uint64_t flight, const MovedConnections& connections);
  // The number of the instance's last transition; 0: none is known.
  [[nodiscard]] std::uint64_t last_flight(const std::string& instance) const;

  // Oldest first.
  [[nodiscard]] const std::deque<Flight>& flights() const { return flights_; }
  // When the last advert of another node was heard.
  [[nodiscard]] std::optional<Instant> last_advert(const std::string& instance) const;
  // The newest moments of an instance, oldest first.
  [[nodiscard]] std::vector<Moment> recent(const std::string& instance) const;

  struct Ring {
    std::array<Moment, moments_max> moments;
    std::size_t next = 0;
    std::size_t count = 0;
    // The last advert of somebody else.
    std::optional<net::IpAddress> heard_from;
    Instant heard_at{};
    std::uint8_t heard_priority = 0;
    Duration usual_pause{};          // between the last two adverts of the same sender
    std::optional<Instant> told_at;  // the last master told us to take over
    std::uint64_t open_flight = 0;   // takes in what follows; 0: none
    Instant open_since{};
    std::size_t open_moments = 0;
  };

 private:
  void watch_adverts(Ring& ring, const Moment& moment);
  void extend(Ring& ring, const Moment& moment);
  Flight* find(std::uint64_t number);
  static std::vector<Moment> copy(const Ring& ring);

  std::map<std::string, Ring> rings_;
  std::deque<Flight> flights_;
  std::uint64_t last_number_ = 0;
};

}  // namespace baton::failover
