#include "tls/session.h"

#include <gtest/gtest.h>

namespace baton::tls {
namespace {

Key key_of(std::uint8_t seed) {
  Key key;
  key.bytes.fill(seed);
  return key;
}

struct Ends {
  Ends(const Key& client_key, const Key& server_key, std::string server_identity = "pair")
      : client(*PskContext::create(client_key, "pair"), Role::client),
        server(*PskContext::create(server_key, std::move(server_identity)), Role::server) {}

  // Carries bytes to and fro until nothing moves; false when an end gave up.
  bool shake_hands() {
    for (int round = 0; round < 10; ++round) {
      const Status ours = client.advance();
      const std::string there = client.take_output();
      if (!there.empty()) server.feed(there);
      const Status theirs = server.advance();
      const std::string back = server.take_output();
      if (!back.empty()) client.feed(back);
      if (!ours || !theirs) return false;
      if (there.empty() && back.empty()) break;
    }
    return client.is_established() && server.is_established();
  }

  Session client;
  Session server;
};

TEST(TlsSession, TwoEndsWithTheSameKeyTalk) {
  Ends ends(key_of(1), key_of(1));
  ASSERT_TRUE(ends.shake_hands());
  ASSERT_TRUE(ends.client.write("hello"));
  const std::string wire = ends.client.take_output();
  EXPECT_EQ(wire.find("hello"), std::string::npos);
  ends.server.feed(wire);
  char buffer[64];
  const auto count = ends.server.read(buffer);
  ASSERT_TRUE(count);
  EXPECT_EQ(std::string_view(buffer, *count), "hello");
  EXPECT_EQ(*ends.server.read(buffer), 0u);
}

TEST(TlsSession, AnotherKeyEndsTheHandshake) {
  Ends ends(key_of(1), key_of(2));
  EXPECT_FALSE(ends.shake_hands());
}

TEST(TlsSession, AnotherIdentityEndsTheHandshake) {
  Ends ends(key_of(1), key_of(1), "somebody");
  EXPECT_FALSE(ends.shake_hands());
}

TEST(TlsSession, ARecordThatComesTwiceIsRefused) {
  Ends ends(key_of(1), key_of(1));
  ASSERT_TRUE(ends.shake_hands());
  ASSERT_TRUE(ends.client.write("once"));
  const std::string wire = ends.client.take_output();
  char buffer[64];
  ends.server.feed(wire);
  ASSERT_TRUE(ends.server.read(buffer));
  ends.server.feed(wire);
  EXPECT_FALSE(ends.server.read(buffer));
}

TEST(TlsSession, ARecordedSessionCannotBePlayedAgain) {
  Ends first(key_of(1), key_of(1));
  ASSERT_TRUE(first.client.advance());
  const std::string hello = first.client.take_output();
  first.server.feed(hello);
  ASSERT_TRUE(first.server.advance());
  first.client.feed(first.server.take_output());
  ASSERT_TRUE(first.client.advance());
  ASSERT_TRUE(first.client.write("take the address"));
  const std::string rest = first.client.take_output();

  Session victim(*PskContext::create(key_of(1), "pair"), Role::server);
  victim.feed(hello);
  ASSERT_TRUE(victim.advance());
  victim.feed(rest);
  EXPECT_FALSE(victim.advance());
  EXPECT_FALSE(victim.is_established());
}

TEST(TlsSession, EveryFlippedByteOfARecordIsNoticed) {
  for (std::size_t at = 0; at < 24; ++at) {
    Ends ends(key_of(1), key_of(1));
    ASSERT_TRUE(ends.shake_hands());
    ASSERT_TRUE(ends.client.write("abc"));
    std::string wire = ends.client.take_output();
    ASSERT_GT(wire.size(), at);
    // The length field only makes the record wait for more.
    if (at == 3 || at == 4) continue;
    wire[at] = static_cast<char>(wire[at] ^ 0x01);
    ends.server.feed(wire);
    char buffer[64];
    const auto count = ends.server.read(buffer);
    EXPECT_FALSE(count) << at;
  }
}

TEST(TlsKey, TheTextOfAKeyGivesTheKey) {
  const auto key = Key::generate();
  ASSERT_TRUE(key);
  EXPECT_EQ(Key::parse("# of two nodes\n\n" + key->text() + "\n"), key);
  EXPECT_EQ(Key::parse(key->text() + "\r\n"), key);
}

TEST(TlsKey, WhatIsNoKeyIsRefused) {
  const std::string good = key_of(7).text();
  EXPECT_FALSE(Key::parse(""));
  EXPECT_FALSE(Key::parse(good.substr(1)));
  EXPECT_FALSE(Key::parse(good + "0"));
  EXPECT_FALSE(Key::parse("x" + good.substr(1)));
  EXPECT_FALSE(Key::parse(good + "\n" + good));
}

}  // namespace
}  // namespace baton::tls
