// Signing, verifying, and every way of tampering.

#include "vrrp/hmac.h"

#include <gtest/gtest.h>

#include "vrrp/instance.h"
#include "vrrp/packet.h"
#include "vrrp/receive.h"

namespace baton::vrrp {
namespace {

const auto here = *net::IpAddress::parse("10.9.0.1");
const auto here6 = *net::IpAddress::parse("fe80::1");
const WallTime noon{std::chrono::seconds(1'800'000'000) + 500ms};

Settings settings(const net::IpAddress& source = here) {
  Settings made;
  made.name = "V";
  made.family = source.family();
  made.version = 3;
  made.virtual_router_id = 7;
  made.addresses = {source.is_ipv4() ? *net::IpAddress::parse("10.9.0.100")
                                     : *net::IpAddress::parse("fd09::63")};
  made.hmac.keys = {{1, "first secret"}, {2, "second secret"}};
  made.hmac.active_key = 1;
  return made;
}

std::vector<std::uint8_t> signed_by(const Settings& sender, WallTime now = noon,
                                    const net::IpAddress& source = here,
                                    std::uint8_t priority = 100) {
  Instance instance(sender);
  auto bytes =
      build_message(instance.make_advert(priority), source, multicast_group(source.family()));
  instance.sign(bytes, source, now);
  return bytes;
}

ParsedAdvert parse(std::span<const std::uint8_t> bytes, const net::IpAddress& source = here,
                   WallTime received = noon) {
  Envelope envelope;
  envelope.source = source;
  envelope.destination = multicast_group(source.family());
  envelope.ttl = 255;
  envelope.received = received;
  return parse_message(bytes, envelope);
}

TEST(Hmac, ASignedAdvertIsAccepted) {
  for (const auto& source : {here, here6}) {
    const auto bytes = signed_by(settings(source), noon, source);
    const auto parsed = parse(bytes, source);
    EXPECT_TRUE(parsed.ok());
    ASSERT_TRUE(parsed.hmac);
    EXPECT_EQ(parsed.hmac->key_id, 1);
    EXPECT_EQ(parsed.hmac->stamp.time(), noon);
    EXPECT_EQ(check_advert(parsed, settings(source)), std::nullopt);
  }
}

TEST(Hmac, Version2CarriesItBehindItsPassword) {
  Settings two = settings();
  two.version = 2;
  two.auth_type = auth_password;
  two.password = make_password("1111");
  const auto bytes = signed_by(two);
  EXPECT_EQ(bytes.size(), 8u + 4 + 8 + hmac_trailer_size);
  EXPECT_EQ(check_advert(parse(bytes), two), std::nullopt);
}

TEST(Hmac, TheCodeIsHmacSha256OverPseudoHeaderMessageAndStamp) {
  // Computed independently: by Python's hmac over the same bytes.
  std::vector<std::uint8_t> message{0x31, 7, 100, 1, 0, 100, 0xab, 0xcd, 10, 9, 0, 100};
  HmacSettings keys;
  keys.keys = {{1, "first secret"}};
  keys.active_key = 1;
  HmacSigner().sign(message, here, keys, noon);
  const std::vector<std::uint8_t> expected{0x3e, 0x17, 0x9f, 0x13, 0x7a, 0x73, 0xb0, 0x4c,
                                           0xe9, 0x08, 0x13, 0x55, 0x41, 0x71, 0x28, 0x87};
  EXPECT_EQ(std::vector(message.end() - 16, message.end()), expected);
}

TEST(Hmac, EveryFlippedBitIsRejected) {
  const auto bytes = signed_by(settings());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    auto flipped = bytes;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    EXPECT_TRUE(check_advert(parse(flipped), settings())) << bit;
  }
}

TEST(Hmac, EveryTruncationAndEveryExtraByteIsRejected) {
  auto bytes = signed_by(settings());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(check_advert(parse(std::span(bytes).first(size)), settings())) << size;
  }
  bytes.push_back(0);
  EXPECT_EQ(check_advert(parse(bytes), settings()), Reject::length);
}

TEST(Hmac, AnAdvertWithoutOneIsBelievedOnlyWhereThatIsAllowed) {
  Settings plain = settings();
  plain.hmac = {};
  Instance instance(plain);
  const auto bytes = build_message(instance.make_advert(100), here, multicast_group(here.family()));
  Settings wanted = settings();
  EXPECT_EQ(check_advert(parse(bytes), wanted), Reject::hmac);
  wanted.hmac.required = false;
  EXPECT_EQ(check_advert(parse(bytes), wanted), std::nullopt);
  // And the other way round: who knows no HMAC sees a message that is too long.
  EXPECT_EQ(check_advert(parse(signed_by(settings())), plain), Reject::length);
}

TEST(Hmac, KeysAreToldApartByTheirIds) {
  Settings second = settings();
  second.hmac.active_key = 2;
  EXPECT_EQ(check_advert(parse(signed_by(second)), settings()), std::nullopt);
  second.hmac.keys[1].secret = "another";
  EXPECT_EQ(check_advert(parse(signed_by(second)), settings()), Reject::hmac);
  second.hmac.keys[1].id = second.hmac.active_key = 9;
  EXPECT_EQ(check_advert(parse(signed_by(second)), settings()), Reject::hmac);
}

TEST(Hmac, AnotherSourceAddressIsAnotherSigner) {
  const auto bytes = signed_by(settings());
  EXPECT_TRUE(check_advert(parse(bytes, *net::IpAddress::parse("10.9.0.2")), settings()));
}

TEST(HmacSigner, StampsGrowAlsoWhenTheClockGoesBack) {
  HmacSigner signer;
  HmacSettings keys = settings().hmac;
  HmacStamp last;
  for (const auto now : {noon, noon, noon - 10s, noon + 1s, noon}) {
    std::vector<std::uint8_t> message(12, 0x31);
    signer.sign(message, here, keys, now);
    const auto trailer = read_hmac_trailer(message);
    ASSERT_TRUE(trailer);
    EXPECT_GT(trailer->stamp, last);
    last = trailer->stamp;
  }
}

TEST(ReplayTable, TakesEachStampOnceAndForgetsTheLongestSilent) {
  ReplayTable table(2);
  const auto a = *net::IpAddress::parse("10.0.0.1"), b = *net::IpAddress::parse("10.0.0.2"),
             c = *net::IpAddress::parse("10.0.0.3");
  EXPECT_TRUE(table.accept(a, {10, 0, 0}));
  EXPECT_FALSE(table.accept(a, {10, 0, 0}));
  EXPECT_FALSE(table.accept(a, {9, 65535, 65535}));
  EXPECT_TRUE(table.accept(b, {10, 0, 0}));
  EXPECT_TRUE(table.accept(a, {10, 0, 1}));
  EXPECT_TRUE(table.accept(c, {10, 0, 0}));  // in the place of b
  EXPECT_FALSE(table.accept(a, {10, 0, 1}));
  EXPECT_TRUE(table.accept(b, {10, 0, 0}));
}

class HmacInstance : public ::testing::Test {
 protected:
  HmacInstance() : machine(settings()) {
    machine.handle(event::SourceChanged{*net::IpAddress::parse("10.9.0.2")}, now);
    machine.handle(event::Start{}, now);
  }
  void hear(const std::vector<std::uint8_t>& bytes, WallTime received) {
    const auto parsed = parse(bytes, here, received);
    machine.handle(event::AdvertReceived{&parsed}, now);
  }
  [[nodiscard]] std::uint64_t rejected(Reject reject) const {
    return machine.counters().rejected[static_cast<std::size_t>(reject)];
  }
  Instant now{};
  Instance machine;
};

TEST_F(HmacInstance, AnAdvertIsBelievedOnce) {
  const auto bytes = signed_by(settings(), noon, here, 200);
  hear(bytes, noon);
  EXPECT_EQ(machine.counters().adverts_received, 1u);
  EXPECT_EQ(machine.master_priority(), 200);
  hear(bytes, noon + 1s);
  EXPECT_EQ(machine.counters().adverts_received, 1u);
  EXPECT_EQ(rejected(Reject::replay), 1u);
}

TEST_F(HmacInstance, AnAdvertFromAnotherTimeIsNotBelieved) {
  hear(signed_by(settings(), noon, here, 200), noon + 31s);
  hear(signed_by(settings(), noon, here, 200), noon - 31s);
  EXPECT_EQ(machine.counters().adverts_received, 0u);
  EXPECT_EQ(rejected(Reject::hmac_time), 2u);
  hear(signed_by(settings(), noon, here, 200), noon + 29s);
  EXPECT_EQ(machine.counters().adverts_received, 1u);
}

}  // namespace
}  // namespace baton::vrrp
