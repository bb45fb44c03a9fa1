// BFD packets from anybody: what is rejected changes nothing, what is accepted can be built again,
// and no packet without our discriminator, or over a router, moves a session that is up otherwise
// than the protocol says.

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/assert.h"
#include "bfd/session_table.h"

namespace {

using namespace baton;
using namespace std::chrono_literals;

constexpr Instant now{1000s};
const auto us = net::IpAddress::ipv4(10, 0, 0, 1);
const auto neighbor = net::IpAddress::ipv4(10, 0, 0, 2);

bfd::Arrival arrival(std::uint8_t hop_limit) {
  return {neighbor, us, 3, false, hop_limit, now};
}

// A table with one session that is up.
bfd::SessionTable made_up() {
  bfd::SessionTable table(7);
  static_cast<void>(table.watch({{{3, us, neighbor}, {}}}, {}, now));
  bfd::Packet packet;
  packet.my_discriminator = 77;
  packet.your_discriminator = table.entries()[0].session.discriminator();
  packet.state = bfd::State::init;
  static_cast<void>(table.on_packet(bfd::build(packet), arrival(255), now));
  BATON_ASSERT(table.entries()[0].session.state() == bfd::State::up);
  return table;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(data, size);
  const auto packet = bfd::parse(bytes);
  if (packet) BATON_ASSERT(bfd::parse(bfd::build(*packet)) == packet);
  auto table = made_up();
  const auto& session = table.entries()[0].session;
  const auto received = session.counters().received;
  const auto deadline = session.deadline();
  BATON_ASSERT(table.on_packet(bytes, arrival(254), now).empty());
  BATON_ASSERT(session.counters().received == received && session.deadline() == deadline);
  const auto actions = table.on_packet(bytes, arrival(255), now);
  BATON_ASSERT(actions.size() <= 3);
  const bool ours = packet && (packet->your_discriminator == 0 ||
                               packet->your_discriminator == session.discriminator());
  if (!ours) {
    BATON_ASSERT(actions.empty() && session.state() == bfd::State::up);
    BATON_ASSERT(session.counters().received == received && session.deadline() == deadline);
  }
  BATON_ASSERT(table.entries().size() == 1);
  // Whatever was said, nobody is lost but by silence.
  for (const auto& single : actions) {
    const auto* change = std::get_if<bfd::action::SessionChanged>(&single);
    BATON_ASSERT(!change || change->cause != bfd::Cause::detection_time);
  }
  BATON_ASSERT(session.deadline() > now);
  return 0;
}
