#include "proxy/routing/server_names.h"

#include <gtest/gtest.h>

namespace baton::proxy {
namespace {

using Kind = config::ServerName::Kind;

class Names {
 public:
  std::uint32_t add(std::vector<config::ServerName> names) {
    proxy_.servers.emplace_back().names = std::move(names);
    const auto index = static_cast<std::uint32_t>(proxy_.servers.size() - 1);
    listener_.servers.push_back(index);
    return index;
  }
  void set_default(std::uint32_t server) { listener_.default_server = server; }
  std::uint32_t find(std::string_view host) {
    return ServerNames(proxy_, listener_).find(host, captures);
  }
  std::vector<Capture> captures;

 private:
  config::Proxy proxy_;
  config::Listener listener_;
};

TEST(ServerNames, ExactThenLeadingThenTrailingThenRegexThenDefault) {
  Names names;
  const auto fallback = names.add({});
  const auto regex = names.add({{Kind::regex, "^(?<user>.+)\\.example\\.net$"}});
  const auto trailing = names.add({{Kind::trailing_wildcard, "mail"}});
  const auto leading = names.add({{Kind::leading_wildcard, "example.com"}});
  const auto deeper = names.add({{Kind::leading_wildcard, "a.example.com"}});
  const auto exact = names.add({{Kind::exact, "www.example.com"}, {Kind::exact, "example.com"}});
  EXPECT_EQ(names.find("www.example.com"), exact);
  EXPECT_EQ(names.find("example.com"), exact);
  EXPECT_EQ(names.find("x.example.com"), leading);
  EXPECT_EQ(names.find("x.y.example.com"), leading);
  EXPECT_EQ(names.find("x.a.example.com"), deeper);
  EXPECT_EQ(names.find("mail.example.com"), leading);
  EXPECT_EQ(names.find("mail.org"), trailing);
  EXPECT_EQ(names.find("mail"), fallback);
  EXPECT_EQ(names.find("joe.example.net"), regex);
  EXPECT_EQ(names.captures[1].text, "joe");
  EXPECT_EQ(names.find("other"), fallback);
  EXPECT_EQ(names.find(""), fallback);
}

TEST(ServerNames, FirstServerOfANameWins) {
  Names names;
  names.add({});
  const auto first = names.add({{Kind::exact, "a"}});
  names.add({{Kind::exact, "a"}});
  EXPECT_EQ(names.find("a"), first);
}

TEST(ServerNames, DefaultServerNeedNotBeTheFirst) {
  Names names;
  names.add({{Kind::exact, "a"}});
  const auto second = names.add({{Kind::exact, "b"}});
  names.set_default(second);
  EXPECT_EQ(names.find("c"), second);
}

}  // namespace
}  // namespace baton::proxy
