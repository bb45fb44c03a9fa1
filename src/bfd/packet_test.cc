// The codec against packets as RFC 5880 section 4.1 draws them.

#include "bfd/packet.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace baton::bfd {
namespace {

using Bytes = std::vector<std::uint8_t>;

// As FRR's bfdd sends it: Down, multiplier 3, 1 s / 300 ms / 50 ms.
const Bytes down_packet{0x20, 0x40, 0x03, 0x18, 0x12, 0x34, 0x56, 0x78, 0x00, 0x00, 0x00, 0x00,
                        0x00, 0x0f, 0x42, 0x40, 0x00, 0x04, 0x93, 0xe0, 0x00, 0x00, 0xc3, 0x50};

Packet up_packet() {
  Packet packet;
  packet.state = State::up;
  packet.my_discriminator = 7;
  packet.your_discriminator = 9;
  packet.desired_min_tx = 50ms;
  packet.required_min_rx = 10ms;
  return packet;
}

TEST(BfdPacket, FieldsOfAPacketAreRead) {
  const auto packet = parse(down_packet);
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->state, State::down);
  EXPECT_EQ(packet->diagnostic, Diagnostic::none);
  EXPECT_EQ(packet->multiplier, 3);
  EXPECT_EQ(packet->my_discriminator, 0x12345678u);
  EXPECT_EQ(packet->your_discriminator, 0u);
  EXPECT_EQ(packet->desired_min_tx, 1s);
  EXPECT_EQ(packet->required_min_rx, 300ms);
  EXPECT_EQ(packet->required_min_echo_rx, 50ms);
  EXPECT_EQ(build(*packet), down_packet);
}

TEST(BfdPacket, EveryFieldSurvivesTheWayThere) {
  Packet packet = up_packet();
  packet.diagnostic = Diagnostic::neighbor_signaled_down;
  packet.poll = true;
  packet.control_plane_independent = true;
  EXPECT_EQ(parse(build(packet)), packet);
  packet.poll = false;
  packet.final = true;
  EXPECT_EQ(parse(build(packet)), packet);
}

TEST(BfdPacket, ATimeBeyondTheFieldIsItsLargestValue) {
  Packet packet = up_packet();
  packet.desired_min_tx = 24h;
  EXPECT_EQ(parse(build(packet))->desired_min_tx, std::chrono::microseconds(UINT32_MAX));
}

TEST(BfdPacket, EveryTruncationIsRejected) {
  for (std::size_t size = 0; size < down_packet.size(); ++size) {
    const auto packet = parse(std::span(down_packet).first(size));
    ASSERT_FALSE(packet) << size;
    EXPECT_EQ(packet.error(), Reject::truncated);
  }
}

TEST(BfdPacket, BytesBehindThePacketAreNotPartOfIt) {
  Bytes longer = down_packet;
  longer.push_back(0xff);
  EXPECT_EQ(parse(longer), parse(down_packet));
}

TEST(BfdPacket, WhatIsNotOfferedIsRejectedByName) {
  const auto with = [](std::size_t index, std::uint8_t value) {
    Bytes bytes = build(up_packet());
    bytes[index] = value;
    const auto packet = parse(bytes);
    return packet ? "accepted" : name_of(packet.error());
  };
  EXPECT_STREQ(with(0, 0x40), "version");
  EXPECT_STREQ(with(1, 0xc4), "authentication");
  EXPECT_STREQ(with(1, 0xc2), "demand");
  EXPECT_STREQ(with(1, 0xc1), "multipoint");
  EXPECT_STREQ(with(2, 0), "multiplier");
  EXPECT_STREQ(with(3, 23), "length");
  EXPECT_STREQ(with(3, 25), "length");
  EXPECT_STREQ(with(7, 0), "discriminator");
  EXPECT_STREQ(with(11, 0), "state");
}

TEST(BfdPacket, AReservedDiagnosticHasAName) {
  Bytes bytes = down_packet;
  bytes[0] = 0x3f;
  EXPECT_STREQ(describe(parse(bytes)->diagnostic), "Reserved Diagnostic");
}

TEST(BfdPacket, WhateverIsAcceptedCanBeBuiltAgain) {
  Random random(5);
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = build(up_packet());
    for (int flips = 0; flips < 4; ++flips) {
      bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
    }
    const auto packet = parse(bytes);
    if (packet) EXPECT_EQ(parse(build(*packet)), packet);
  }
}

}  // namespace
}  // namespace baton::bfd
