// The layout of the control packet.

#include "bfd/packet.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/assert.h"
#include "net/bytes.h"

namespace baton::bfd {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t packet_length = 24;

constexpr std::uint8_t poll_bit = 0x20;
constexpr std::uint8_t final_bit = 0x10;
constexpr std::uint8_t independent_bit = 0x08;
constexpr std::uint8_t authentication_bit = 0x04;
constexpr std::uint8_t demand_bit = 0x02;
constexpr std::uint8_t multipoint_bit = 0x01;

std::uint32_t to_microseconds(Duration duration) {
  const auto count = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(count, 0, UINT32_MAX));
}

std::expected<Packet, Reject> judge(const Packet& packet, std::uint8_t first, std::uint8_t flags,
                                    std::uint8_t length, std::size_t received) {
  if (first >> 5 != version) return std::unexpected(Reject::version);
  if (length < packet_length || length > received) return std::unexpected(Reject::length);
  if (flags & authentication_bit) return std::unexpected(Reject::authentication);
  if (packet.multiplier == 0) return std::unexpected(Reject::multiplier);
  if (flags & multipoint_bit) return std::unexpected(Reject::multipoint);
  if (packet.my_discriminator == 0) return std::unexpected(Reject::discriminator);
  if (packet.your_discriminator == 0 && packet.state > State::down) {
    return std::unexpected(Reject::state);
  }
  if (flags & demand_bit) return std::unexpected(Reject::demand);
  return packet;
}

}  // namespace

const char* name_of(State state) {
  static constexpr std::array names{"AdminDown", "Down", "Init", "Up"};
  return names[static_cast<std::size_t>(state)];
}

const char* describe(Diagnostic diagnostic) {
  static constexpr std::array texts{"No Diagnostic",
                                    "Control Detection Time Expired",
                                    "Echo Function Failed",
                                    "Neighbor Signaled Session Down",
                                    "Forwarding Plane Reset",
                                    "Path Down",
                                    "Concatenated Path Down",
                                    "Administratively Down",
                                    "Reverse Concatenated Path Down"};
  const auto number = static_cast<std::size_t>(diagnostic);
  return number < texts.size() ? texts[number] : "Reserved Diagnostic";
}

const char* name_of(Reject reject) {
  static constexpr std::array names{"truncated",  "version",       "length",     "multiplier",
                                    "multipoint", "discriminator", "state",      "authentication",
                                    "demand",     "hop_limit",     "no_session", "table_full"};
  static_assert(names.size() == reject_count);
  return names[static_cast<std::size_t>(reject)];
}

std::expected<Packet, Reject> parse(std::span<const std::uint8_t> bytes) {
  net::ByteReader reader(bytes);
  Packet packet;
  const std::uint8_t first = reader.u8();
  const std::uint8_t flags = reader.u8();
  packet.diagnostic = static_cast<Diagnostic>(first & 0x1f);
  packet.state = static_cast<State>(flags >> 6);
  packet.poll = (flags & poll_bit) != 0;
  packet.final = (flags & final_bit) != 0;
  packet.control_plane_independent = (flags & independent_bit) != 0;
  packet.multiplier = reader.u8();
  const std::uint8_t length = reader.u8();
  packet.my_discriminator = reader.u32();
  packet.your_discriminator = reader.u32();
  packet.desired_min_tx = std::chrono::microseconds(reader.u32());
  packet.required_min_rx = std::chrono::microseconds(reader.u32());
  packet.required_min_echo_rx = std::chrono::microseconds(reader.u32());
  if (!reader.ok()) return std::unexpected(Reject::truncated);
  return judge(packet, first, flags, length, bytes.size());
}

std::vector<std::uint8_t> build(const Packet& packet) {
  BATON_ASSERT(packet.my_discriminator != 0 && packet.multiplier != 0);
  net::ByteWriter writer;
  writer.u8(static_cast<std::uint8_t>(version << 5 | static_cast<std::uint8_t>(packet.diagnostic)));
  writer.u8(static_cast<std::uint8_t>(
      static_cast<std::uint8_t>(packet.state) << 6 | (packet.poll ? poll_bit : 0) |
      (packet.final ? final_bit : 0) | (packet.control_plane_independent ? independent_bit : 0)));
  writer.u8(packet.multiplier);
  writer.u8(packet_length);
  writer.u32(packet.my_discriminator);
  writer.u32(packet.your_discriminator);
  writer.u32(to_microseconds(packet.desired_min_tx));
  writer.u32(to_microseconds(packet.required_min_rx));
  writer.u32(to_microseconds(packet.required_min_echo_rx));
  return writer.take();
}

}  // namespace baton::bfd
