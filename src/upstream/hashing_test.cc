// Keys and the servers that nginx 1.22 sent them to; the expectations were taken from it.

#include "upstream/hashing.h"

#include <gtest/gtest.h>

#include <array>

namespace baton::upstream {
namespace {

TEST(Hashing, TheChecksumIsCrc32) {
  EXPECT_EQ(crc_end(crc_add(crc_start, "123456789")), 0xcbf43926u);
}

TEST(Hashing, ARehashPutsItsNumberBeforeTheKey) {
  EXPECT_EQ(key_hash("key", 2), crc_end(crc_add(crc_start, "2key")) >> 16 & 0x7fff);
}

TEST(Hashing, NumbersFallToServersByTheirWeights) {
  const WeightedIndex index(std::array<std::uint32_t, 3>{2, 1, 3});
  std::string order;
  for (std::uint64_t i = 0; i < index.total(); ++i) order += std::to_string(index.at(i));
  EXPECT_EQ(order, "001222");
}

TEST(Hashing, EqualWeightsNeedNoSearch) {
  const WeightedIndex index(std::array<std::uint32_t, 3>{2, 2, 2});
  EXPECT_EQ(index.total(), 6u);
  EXPECT_EQ(index.at(0), 0u);
  EXPECT_EQ(index.at(5), 2u);
}

TEST(Hashing, ARingMovesOnlyTheKeysOfTheServerThatLeft) {
  const std::array<HashRing::Named, 3> all{
      {{"10.0.0.1:80", 1, 0}, {"10.0.0.2:80", 1, 1}, {"10.0.0.3:80", 1, 2}}};
  const HashRing ring(all);
  const HashRing smaller(std::span(all).first(2));
  for (int i = 0; i < 1000; ++i) {
    const std::string key = "/page/" + std::to_string(i);
    const std::uint32_t before = ring.at(ring.find(key));
    if (before != 2) EXPECT_EQ(smaller.at(smaller.find(key)), before) << key;
  }
}

TEST(Hashing, ServersOfOneNameShareTheirPoints) {
  const std::array<HashRing::Named, 2> twice{{{"web:80"}, {"web:80"}}};
  EXPECT_EQ(HashRing(twice).size(), HashRing(std::span(twice).first(1)).size());
}

TEST(Hashing, AWeightMultipliesThePoints) {
  const std::array<HashRing::Named, 1> heavy{{{"10.0.0.1:80", 3}}};
  EXPECT_EQ(HashRing(heavy).size(), 480u);
}

}  // namespace
}  // namespace baton::upstream
