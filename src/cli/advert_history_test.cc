// Which pairs of adverts are worth a word.

#include "cli/advert_history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace baton::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

net::IpAddress ip(std::string_view text) {
  return *net::IpAddress::parse(text);
}

vrrp::ParsedAdvert parsed(vrrp::Advert advert, const char* source,
                          const char* destination = "224.0.0.18") {
  advert.virtual_router_id = 55;
  const auto bytes = vrrp::build_ipv4_packet(
      vrrp::build_message(advert, ip(source), ip(destination)), ip(source), ip(destination), 1);
  return vrrp::parse_ipv4_packet(bytes);
}

vrrp::Advert advert_of(std::uint8_t priority, std::vector<net::IpAddress> addresses) {
  vrrp::Advert advert;
  advert.priority = priority;
  advert.addresses = std::move(addresses);
  return advert;
}

TEST(AdvertHistory, ASingleMasterIsNoNews) {
  AdvertHistory history;
  for (int second = 0; second < 5; ++second) {
    const auto advert = parsed(advert_of(100, {ip("10.0.0.1")}), "10.0.0.2");
    EXPECT_THAT(history.compare(advert, WallTime(std::chrono::seconds(second))), IsEmpty());
  }
}

TEST(AdvertHistory, ATakeoverAfterPriorityZeroIsNoNews) {
  AdvertHistory history;
  history.compare(parsed(advert_of(0, {ip("10.0.0.1")}), "10.0.0.2"), WallTime(1s));
  EXPECT_THAT(
      history.compare(parsed(advert_of(80, {ip("10.0.0.1")}), "10.0.0.3"), WallTime(1700ms)),
      IsEmpty());
}

TEST(AdvertHistory, TwoMastersAtTheSameTimeAreTold) {
  AdvertHistory history;
  history.compare(parsed(advert_of(100, {ip("10.0.0.1")}), "10.0.0.2"), WallTime(1s));
  EXPECT_THAT(
      history.compare(parsed(advert_of(80, {ip("10.0.0.1")}), "10.0.0.3"), WallTime(1500ms)),
      ElementsAre("10.0.0.2: is master too, at the same time"));
}

TEST(AdvertHistory, WhatDoesNotGoTogetherIsTold) {
  AdvertHistory history;
  history.compare(parsed(advert_of(100, {ip("10.0.0.1")}), "10.0.0.2"), WallTime(1s));
  auto other = advert_of(80, {ip("10.0.0.1"), ip("10.0.0.9")});
  other.interval = 3s;
  other.auth_type = vrrp::auth_password;
  EXPECT_THAT(history.compare(parsed(other, "10.0.0.3", "10.0.0.2"), WallTime(60s)),
              ElementsAre(HasSubstr("sends by multicast, this one by unicast"),
                          HasSubstr("announces 1 addresses, this one 2"),
                          HasSubstr("has an interval of 1 s, this one 3 s: they drop"),
                          HasSubstr("authenticates differently")));
}

}  // namespace
}  // namespace baton::cli
