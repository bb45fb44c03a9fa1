// Answers written by hand, whole and broken.

#include "upstream/dns_answer.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "upstream/dns_fixture.h"

namespace baton::upstream {
namespace {

TEST(DnsAnswer, AddressesComeWithTheLeastTimeToLive) {
  const auto bytes = DnsMessage(1, "web.test", 1)
                         .a("WEB.test", 60, "10.0.0.1")
                         .a("web.test", 30, "10.0.0.2")
                         .bytes();
  const DnsAnswer answer = parse_dns_answer(bytes, DnsType::a);
  EXPECT_EQ(answer.status, DnsStatus::found);
  ASSERT_EQ(answer.addresses.size(), 2u);
  EXPECT_EQ(answer.addresses[1].text(), "10.0.0.2");
  EXPECT_EQ(answer.time_to_live, Duration(30s));
}

TEST(DnsAnswer, AliasesAreFollowedAndCountForTheTimeToLive) {
  const auto bytes = DnsMessage(1, "www.test", 28)
                         .alias("www.test", 5, "edge.test")
                         .alias("edge.test", 50, "node.test")
                         .a("node.test", 60, "fd00::1")
                         .a("other.test", 1, "fd00::2")
                         .bytes();
  const DnsAnswer answer = parse_dns_answer(bytes, DnsType::aaaa);
  ASSERT_EQ(answer.addresses.size(), 1u);
  EXPECT_EQ(answer.addresses[0].text(), "fd00::1");
  EXPECT_EQ(answer.time_to_live, Duration(5s));
}

TEST(DnsAnswer, AnAliasWithoutAddressesHasToBeAsked) {
  const auto bytes = DnsMessage(1, "www.test", 1).alias("www.test", 5, "edge.test").bytes();
  const DnsAnswer answer = parse_dns_answer(bytes, DnsType::a);
  EXPECT_EQ(answer.status, DnsStatus::not_found);
  EXPECT_EQ(answer.alias, "edge.test");
}

TEST(DnsAnswer, ANameThatDoesNotExistHoldsAsLongAsTheZoneSays) {
  const auto bytes = DnsMessage(1, "no.test", 1, 3).authority("test", 600, 7).bytes();
  const DnsAnswer answer = parse_dns_answer(bytes, DnsType::a);
  EXPECT_EQ(answer.status, DnsStatus::not_found);
  EXPECT_EQ(answer.time_to_live, Duration(7s));
  EXPECT_STREQ(describe(answer.status), "Host not found");
}

TEST(DnsAnswer, ServiceRecordsKeepPriorityWeightAndPort) {
  const auto bytes = DnsMessage(1, "_http._tcp.web.test", 33)
                         .service("_http._tcp.web.test", 9, 10, 5, 8080, "A.web.test")
                         .service("_http._tcp.web.test", 9, 20, 0, 80, "")
                         .bytes();
  const DnsAnswer answer = parse_dns_answer(bytes, DnsType::srv);
  ASSERT_EQ(answer.services.size(), 1u);
  EXPECT_EQ(answer.services[0], (ServiceRecord{10, 5, 8080, "a.web.test"}));
}

TEST(DnsAnswer, CompressedNamesAreRead) {
  auto bytes = DnsMessage(1, "web.test", 1).bytes();
  const std::uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 9};
  bytes.insert(bytes.end(), std::begin(record), std::end(record));
  bytes[7] = 1;
  const DnsAnswer answer = parse_dns_answer(bytes, DnsType::a);
  ASSERT_EQ(answer.addresses.size(), 1u);
  EXPECT_EQ(answer.addresses[0].text(), "10.0.0.9");
}

TEST(DnsAnswer, APointerToItselfIsMalformed) {
  auto bytes = DnsMessage(1, "web.test", 1).bytes();
  const auto at = static_cast<std::uint8_t>(bytes.size());
  const std::uint8_t record[] = {0xc0, at, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 0, 0, 9};
  bytes.insert(bytes.end(), std::begin(record), std::end(record));
  bytes[7] = 1;
  EXPECT_EQ(parse_dns_answer(bytes, DnsType::a).status, DnsStatus::server_failure);
}

TEST(DnsAnswer, TruncatedAndTwistedMessagesAreNeverReadPastTheirEnd) {
  const auto whole = DnsMessage(1, "_http._tcp.web.test", 33)
                         .alias("_http._tcp.web.test", 9, "b.test")
                         .service("b.test", 9, 10, 5, 8080, "a.web.test")
                         .authority("test", 600, 7)
                         .bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<long>(size));
    EXPECT_NE(parse_dns_answer(cut, DnsType::srv).status, DnsStatus::found);
  }
  Random random(7);
  for (int i = 0; i < 20'000; ++i) {
    auto twisted = whole;
    for (int flips = 0; flips < 3; ++flips) {
      twisted[random.below(twisted.size())] = static_cast<std::uint8_t>(random.next());
    }
    EXPECT_LE(parse_dns_answer(twisted, DnsType::srv).services.size(), 1u);
  }
}

}  // namespace
}  // namespace baton::upstream
