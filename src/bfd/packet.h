// The BFD control packet (RFC 5880 section 4.1): bytes to fields and back, with the checks of
// section 6.8.6 that need no session. Times on the wire are microseconds.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <vector>

#include "base/time.h"

namespace baton::bfd {

inline constexpr std::uint16_t single_hop_port = 3784;  // RFC 5881
inline constexpr std::uint16_t multihop_port = 4784;    // RFC 5883
inline constexpr std::uint16_t source_port_min = 49152;
inline constexpr std::uint8_t hop_limit = 255;

// In the numbers of the wire.
enum class State : std::uint8_t { admin_down, down, init, up };

// Why the sender's session went down last; numbers of the wire.
enum class Diagnostic : std::uint8_t {
  none,
  detection_time_expired,
  echo_failed,
  neighbor_signaled_down,
  forwarding_plane_reset,
  path_down,
  concatenated_path_down,
  administratively_down,
  reverse_concatenated_path_down,
};

// "AdminDown", "Down", "Init", "Up"
const char* name_of(State state);
// RFC 5880's words: "Control Detection Time Expired"
const char* describe(Diagnostic diagnostic);

struct Packet {
  Diagnostic diagnostic = Diagnostic::none;
  State state = State::down;
  bool poll = false;
  bool final = false;
  bool control_plane_independent = false;
  std::uint8_t multiplier = 3;
  std::uint32_t my_discriminator = 0;
  std::uint32_t your_discriminator = 0;
  Duration desired_min_tx = 0s;
  Duration required_min_rx = 0s;
  Duration required_min_echo_rx = 0s;

  friend bool operator==(const Packet&, const Packet&) = default;
};

// Why a packet is thrown away. The first ones are found by parse(), the others by who knows more.
enum class Reject : std::uint8_t {
  truncated,
  version,
  length,
  multiplier,
  multipoint,
  discriminator,
  state,           // without our discriminator only Down and AdminDown are possible
  authentication,  // not offered: neither by password nor keyed
  demand,          // demand mode is not offered
  hop_limit,
  no_session,
  table_full,
};
inline constexpr std::size_t reject_count = 12;

// The name of the cause in status and counters: "hop_limit".
const char* name_of(Reject reject);

std::expected<Packet, Reject> parse(std::span<const std::uint8_t> bytes);
std::vector<std::uint8_t> build(const Packet& packet);

}  // namespace baton::bfd
