#include "failover/handover_messages.h"

#include <gtest/gtest.h>

namespace baton::failover {
namespace {

FlowList two_flows() {
  FlowList list{0x0102030405060708ULL, true, {}};
  list.flows.push_back(
      {*net::Endpoint::parse("10.1.2.3:40000"), *net::Endpoint::parse("10.0.0.100:80")});
  list.flows.push_back(
      {*net::Endpoint::parse("[2001:db8::7]:40001"), *net::Endpoint::parse("[2001:db8::100]:443")});
  return list;
}

TEST(HandoverMessages, AnOfferComesOutAsItWentIn) {
  HandoverScope scope;
  scope.id = UINT64_MAX;
  scope.instances = {"VI_1", "VI_2"};
  scope.addresses = {net::IpAddress::ipv4(10, 0, 0, 100), *net::IpAddress::parse("2001:db8::1")};
  scope.giver = {net::IpAddress::ipv4(10, 0, 0, 1)};
  scope.timeout = 5s;
  EXPECT_EQ(decode_offer(encode_offer(scope)), scope);
  scope.sources = {net::IpAddress::ipv4(10, 0, 0, 1), net::IpAddress::ipv4(10, 0, 1, 1)};
  EXPECT_EQ(decode_offer(encode_offer(scope)), scope);
}

// The names then fit no instance of the other node, which refuses: nothing worse.
TEST(HandoverMessages, NamesInAnotherEncodingCanBeOffered) {
  HandoverScope scope;
  scope.instances = {"V\xe9", "plain"};
  const auto offered = decode_offer(encode_offer(scope));
  ASSERT_TRUE(offered);
  EXPECT_EQ(offered->instances, (std::vector<std::string>{"V\xef\xbf\xbd", "plain"}));
}

TEST(HandoverMessages, OffersOfOtherShapesAreNone) {
  for (
      const char* body :
      {"", "[]", "{}", R"({"id":1})", R"({"id":-1,"instances":[]})",
       R"({"id":1,"instances":[1],"addresses":[],"giver":[],"timeout_ms":1})",
       R"({"id":1,"instances":[],"addresses":["x"],"giver":[],"timeout_ms":1})",
       R"({"id":1,"instances":[],"addresses":[],"giver":[],"timeout_ms":"1"})",
       R"({"id":1,"instances":[],"addresses":[],"giver":[],"timeout_ms":1,"sources":["10.0.0.1"]})",
       R"({"id":1,"instances":[],"addresses":[],"giver":[],"timeout_ms":1,"sources":"x"})"}) {
    EXPECT_FALSE(decode_offer(body)) << body;
  }
}

TEST(HandoverMessages, ConnectionsComeOutAsTheyWentIn) {
  const auto back = decode_flows(encode_flows(two_flows()));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->id, 0x0102030405060708ULL);
  EXPECT_TRUE(back->last);
  EXPECT_EQ(back->flows, two_flows().flows);
}

TEST(HandoverMessages, EveryTruncationThatCutsARecordIsRefused) {
  const std::string body = encode_flows(two_flows());
  for (std::size_t size = 0; size < body.size(); ++size) {
    const auto list = decode_flows(body.substr(0, size));
    const bool is_whole = size == 9 || size == 9 + 13;
    EXPECT_EQ(list.has_value(), is_whole) << size;
  }
}

TEST(HandoverMessages, NotesAndNamesComeOutAsTheyWentIn) {
  const auto note = decode_note(encode_note({3, "because"}));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->id, 3u);
  EXPECT_EQ(note->why, "because");
  EXPECT_EQ(decode_names(encode_names({"a", "b"})), (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(decode_note("{\"id\":\"3\"}"));
}

TEST(HandoverMessages, ARequestNeedsNoPrioritiesAndHasOneForEachInstanceOtherwise) {
  const PassRequest request{{"a", "b"}, {100, 254}};
  EXPECT_EQ(decode_request(encode_request(request)), request);
  // Both ways between this version and the one before.
  EXPECT_EQ(decode_request(encode_names({"a", "b"})), (PassRequest{{"a", "b"}}));
  EXPECT_EQ(decode_names(encode_request(request)), request.instances);
  for (const char* body :
       {"", "[]", "{}", R"({"instances":["a"],"priorities":[]})",
        R"({"instances":["a"],"priorities":[-1]})", R"({"instances":["a"],"priorities":["7"]})",
        R"({"instances":["a"],"priorities":7})"}) {
    EXPECT_FALSE(decode_request(body)) << body;
  }
}

TEST(HandoverMessages, CountsOfANoteAreNumbersByInstance) {
  const auto note = decode_note(encode_note({3, "", {{"VI_1", 7}, {"VI_2", 0}}}));
  ASSERT_TRUE(note);
  EXPECT_EQ(note->connections, (ConnectionCounts{{"VI_1", 7}, {"VI_2", 0}}));
  EXPECT_FALSE(decode_note("{\"id\":3,\"connections\":{\"VI_1\":-1}}"));
  EXPECT_FALSE(decode_note("{\"id\":3,\"connections\":[7]}"));
}

}  // namespace
}  // namespace baton::failover
