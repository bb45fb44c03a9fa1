// Headers as balancers send them, whole, in pieces and broken.

#include "net/proxy_protocol.h"

#include <gtest/gtest.h>

namespace baton::net {
namespace {

using State = ProxyHeaderResult::State;

std::string binary(std::string_view rest, char command = '\x21', char family = '\x11') {
  std::string text("\r\n\r\n\0\r\nQUIT\n", 12);
  text += command;
  text += family;
  text += static_cast<char>(rest.size() >> 8);
  text += static_cast<char>(rest.size());
  return text.append(rest);
}

constexpr std::string_view ipv4_pair("\x0a\x00\x00\x01\x0a\x00\x00\x02\x30\x39\x01\xbb", 12);

TEST(ProxyProtocolTest, a_text_header_names_both_ends) {
  const auto result = parse_proxy_header("PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\nGET / HTTP");
  ASSERT_EQ(result.state, State::complete);
  EXPECT_EQ(result.length, 41u);
  EXPECT_EQ(result.header.source->text(), "192.0.2.1:123");
  EXPECT_EQ(result.header.destination.text(), "192.0.2.2:5678");
}

TEST(ProxyProtocolTest, a_text_header_may_be_of_ipv6) {
  const auto result = parse_proxy_header("PROXY TCP6 2001:db8::1 ::1 1 2\r\n");
  ASSERT_EQ(result.state, State::complete);
  EXPECT_EQ(result.header.source->text(), "[2001:db8::1]:1");
}

TEST(ProxyProtocolTest, an_unknown_source_leaves_the_connections_own) {
  const auto result = parse_proxy_header("PROXY UNKNOWN whatever stands here\r\n");
  ASSERT_EQ(result.state, State::complete);
  EXPECT_FALSE(result.header.source);
}

TEST(ProxyProtocolTest, every_beginning_of_a_header_is_incomplete) {
  for (const std::string& whole :
       {std::string("PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n"), binary(ipv4_pair)}) {
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_EQ(parse_proxy_header(whole.substr(0, length)).state, State::incomplete) << length;
    }
  }
}

TEST(ProxyProtocolTest, a_request_in_its_place_is_told_about) {
  const auto result = parse_proxy_header("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_EQ(result.state, State::broken);
  EXPECT_EQ(result.problem, "broken header: \"GET / HTTP/1.1\"");
}

TEST(ProxyProtocolTest, text_headers_with_wrong_words_are_broken) {
  for (const char* text :
       {"PROXY TCP4 192.0.2.1 192.0.2.2 123\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 123 70000\r\n",
        "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP5 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4  192.0.2.2 1 2\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n"}) {
    EXPECT_EQ(parse_proxy_header(text).state, State::broken) << text;
  }
}

TEST(ProxyProtocolTest, a_text_header_without_end_is_broken) {
  EXPECT_EQ(parse_proxy_header("PROXY TCP4 " + std::string(200, '1')).state, State::broken);
}

TEST(ProxyProtocolTest, a_binary_header_names_both_ends_and_keeps_its_fields) {
  const std::string field("\x02\x00\x03www", 6);
  const std::string text = binary(std::string(ipv4_pair) + field) + "GET /";
  const auto result = parse_proxy_header(text);
  ASSERT_EQ(result.state, State::complete);
  EXPECT_EQ(result.length, text.size() - 5);
  EXPECT_EQ(result.header.source->text(), "10.0.0.1:12345");
  EXPECT_EQ(result.header.destination.text(), "10.0.0.2:443");
  EXPECT_EQ(proxy_field(result.header.fields, 2), "www");
  EXPECT_EQ(proxy_field(result.header.fields, 3), std::nullopt);
}

TEST(ProxyProtocolTest, a_local_command_and_foreign_families_leave_the_connections_own) {
  EXPECT_FALSE(parse_proxy_header(binary("", '\x20', '\0')).header.source);
  EXPECT_EQ(parse_proxy_header(binary("", '\x20', '\0')).state, State::complete);
  const auto unix_pair = parse_proxy_header(binary(std::string(216, 'x'), '\x21', '\x31'));
  EXPECT_EQ(unix_pair.state, State::complete);
  EXPECT_FALSE(unix_pair.header.source);
}

TEST(ProxyProtocolTest, binary_headers_that_cannot_be_are_broken) {
  EXPECT_EQ(parse_proxy_header(binary(ipv4_pair, '\x31')).problem,
            "unknown PROXY protocol version: 3");
  EXPECT_EQ(parse_proxy_header(binary(ipv4_pair, '\x25')).problem,
            "unknown PROXY protocol command: 5");
  EXPECT_EQ(parse_proxy_header(binary("short")).problem, "header is too small");
  EXPECT_EQ(parse_proxy_header(binary(std::string(5000, 'x'))).problem, "header is too large");
}

TEST(ProxyProtocolTest, fields_have_names_also_inside_of_ssl) {
  const std::string inside("\x07\0\0\0\x02\x21\0\x07TLSv1.3", 15);
  std::string fields("\x01\0\x02h2\x20\0\x0f", 8);
  fields += inside;
  EXPECT_EQ(proxy_field_named(fields, "alpn"), "h2");
  EXPECT_EQ(proxy_field_named(fields, "0x01"), "h2");
  EXPECT_EQ(proxy_field_named(fields, "ssl_version"), "TLSv1.3");
  EXPECT_EQ(proxy_field_named(fields, "ssl_verify"), "2");
  EXPECT_EQ(proxy_field_named(fields, "ssl_0x21"), "TLSv1.3");
  EXPECT_EQ(proxy_field_named(fields, "ssl_0x0021"), "TLSv1.3");
  EXPECT_EQ(proxy_field_named(fields, "ssl_0x22"), std::nullopt);
  EXPECT_EQ(proxy_field_named(fields, "ssl_0x"), std::nullopt);
  EXPECT_EQ(proxy_field_named(fields, "ssl_cn"), std::nullopt);
  EXPECT_EQ(proxy_field_named(fields, "0x1000"), std::nullopt);
}

TEST(ProxyProtocolTest, fields_that_lie_about_their_length_give_nothing) {
  EXPECT_EQ(proxy_field(std::string_view("\x02\x00\x30www", 6), 2), std::nullopt);
}

}  // namespace
}  // namespace baton::net
