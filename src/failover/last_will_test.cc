// The will's text: everything in it arrives, and half a will is none.

#include "failover/last_will.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

Bequest bequest() {
  Bequest made;
  made.addresses = {{3, *net::Prefix::parse("10.0.0.1/32")},
                    {4, *net::Prefix::parse("fd00::1/64")}};
  made.endpoint = {"ens33", 3, *net::IpAddress::parse("224.0.0.18")};
  const auto us = *net::IpAddress::parse("10.0.0.8");
  made.goodbyes = {{us, *net::IpAddress::parse("224.0.0.18"), 255, {1, 2, 3}},
                   {us, *net::IpAddress::parse("10.0.0.9"), 64, {}}};
  return made;
}

TEST(LastWill, EverythingInItArrives) {
  EXPECT_EQ(Bequest::decode(bequest().encode()), bequest());
  EXPECT_EQ(Bequest::decode(Bequest().encode()), Bequest());
}

TEST(LastWill, HalfAWillIsNone) {
  const auto whole = bequest().encode();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(Bequest::decode(std::span(whole).first(size))) << size;
  }
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(Bequest::decode(longer));
}

}  // namespace
}  // namespace baton::failover
