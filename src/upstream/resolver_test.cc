// The resolver against a name server on loopback.

#include "upstream/resolver.h"

#include <gtest/gtest.h>

#include "runtime/task.h"
#include "upstream/dns_fixture.h"

namespace baton::upstream {
namespace {

using Answers = std::vector<std::vector<std::uint8_t>>;
using Question = NameServerFixture::Question;
using Found = std::shared_ptr<const Resolution>;

class ResolverTest : public testing::Test {
 protected:
  void start(NameServerFixture::Answer answer) {
    server = std::make_unique<NameServerFixture>(std::move(answer));
    settings.servers = {server->endpoint()};
    resolver = std::make_unique<Resolver>(*loop, settings);
  }
  runtime::Task<void> look_up(std::string name, Duration timeout, Found& into,
                              Resolver::Kind kind = Resolver::Kind::host) {
    Lookup lookup = resolver->find(name, kind, loop->refresh_now() + timeout);
    into = co_await lookup;
  }
  runtime::Task<void> stop_when_joined(runtime::TaskScope& scope) {
    co_await scope.joined();
    loop->stop();
  }
  Found find(const std::string& name, Duration timeout = 5s,
             Resolver::Kind kind = Resolver::Kind::host) {
    Found found;
    runtime::TaskScope scope;
    scope.spawn(look_up(name, timeout, found, kind));
    wait_for(scope);
    return found;
  }
  void wait_for(runtime::TaskScope& scope) {
    runtime::TaskScope outer;
    if (scope.running() == 0) return;
    outer.spawn(stop_when_joined(scope));
    loop->run();
  }
  void pause(Duration duration) {
    runtime::Timer timer(*loop, [&] { loop->stop(); });
    timer.arm(loop->refresh_now() + duration);
    loop->run();
  }

  config::ResolverSettings settings;
  std::unique_ptr<runtime::Loop> loop = std::move(*runtime::Loop::create());
  std::unique_ptr<NameServerFixture> server;
  std::unique_ptr<Resolver> resolver;
};

Answers both_families(const Question& question, std::uint32_t ttl) {
  DnsMessage message(question.id, question.name, question.type);
  message.a(question.name, ttl, question.type == 1 ? "10.0.0.1" : "fd00::1");
  return {message.bytes()};
}

TEST_F(ResolverTest, AddressesOfBothFamiliesAreAskedFor) {
  start([](const Question& question) { return both_families(question, 60); });
  const Found found = find("Web.Test.");
  ASSERT_EQ(found->status, DnsStatus::found);
  ASSERT_EQ(found->addresses.size(), 2u);
  EXPECT_EQ(found->addresses[0].text(), "10.0.0.1");
  EXPECT_EQ(found->addresses[1].text(), "fd00::1");
}

TEST_F(ResolverTest, AFamilyThatIsOffIsNotAskedFor) {
  settings.ipv6 = false;
  start([](const Question& question) { return both_families(question, 60); });
  EXPECT_EQ(find("web.test")->addresses.size(), 1u);
  EXPECT_EQ(server->asked(), 1);
}

TEST_F(ResolverTest, AnAnswerIsKeptForItsTimeToLive) {
  settings.ipv6 = false;
  start([](const Question& question) { return both_families(question, 1); });
  find("web.test");
  find("WEB.test");
  EXPECT_EQ(server->asked(), 1);
  pause(1100ms);
  find("web.test");
  EXPECT_EQ(server->asked(), 2);
}

TEST_F(ResolverTest, ValidReplacesTheTimeToLive) {
  settings.ipv6 = false;
  settings.valid = 300ms;
  start([](const Question& question) { return both_families(question, 3600); });
  find("web.test");
  find("web.test");
  EXPECT_EQ(server->asked(), 1);
  pause(350ms);
  find("web.test");
  EXPECT_EQ(server->asked(), 2);
}

TEST_F(ResolverTest, ANameIsAskedOnceHoweverManyWaitForIt) {
  settings.ipv6 = false;
  start([](const Question& question) { return both_families(question, 0); });
  Found found[20];
  runtime::TaskScope scope;
  for (Found& each : found) scope.spawn(look_up("web.test", 5s, each));
  wait_for(scope);
  for (const Found& each : found) EXPECT_EQ(each->addresses.size(), 1u);
  EXPECT_EQ(server->asked(), 1);
}

TEST_F(ResolverTest, ANameThatDoesNotExistIsRememberedAsLongAsItsZoneSays) {
  settings.ipv6 = false;
  start([](const Question& question) -> Answers {
    return {
        DnsMessage(question.id, question.name, question.type, 3).authority("test", 60, 60).bytes()};
  });
  EXPECT_EQ(find("no.test")->status, DnsStatus::not_found);
  EXPECT_EQ(find("no.test")->status, DnsStatus::not_found);
  EXPECT_EQ(server->asked(), 1);
}

TEST_F(ResolverTest, SilenceEndsAtTheDeadline) {
  start([](const Question&) -> Answers { return {}; });
  EXPECT_EQ(find("slow.test", 200ms)->status, DnsStatus::timed_out);
}

TEST_F(ResolverTest, RefusalsKeepTheirCode) {
  settings.ipv6 = false;
  start([](const Question& question) -> Answers {
    return {DnsMessage(question.id, question.name, question.type, 5).bytes()};
  });
  EXPECT_EQ(find("web.test")->status, DnsStatus::refused);
}

TEST_F(ResolverTest, AWrongIdOrNameIsIgnored) {
  settings.ipv6 = false;
  start([](const Question& question) -> Answers {
    const auto wrong = static_cast<std::uint16_t>(question.id + 1);
    return {DnsMessage(wrong, question.name, 1).a(question.name, 60, "10.6.6.6").bytes(),
            DnsMessage(question.id, "evil.test", 1).a("evil.test", 60, "10.6.6.7").bytes(),
            {0, 1, 2},
            DnsMessage(question.id, question.name, 1).a(question.name, 60, "10.0.0.1").bytes()};
  });
  const Found found = find("web.test");
  ASSERT_EQ(found->addresses.size(), 1u);
  EXPECT_EQ(found->addresses[0].text(), "10.0.0.1");
}

TEST_F(ResolverTest, AnAliasIsFollowedByAskingAgain) {
  settings.ipv6 = false;
  start([](const Question& question) -> Answers {
    DnsMessage message(question.id, question.name, question.type);
    if (question.name == "www.test") message.alias("www.test", 60, "edge.test");
    if (question.name == "edge.test") message.a("edge.test", 60, "10.0.0.7");
    return {message.bytes()};
  });
  EXPECT_EQ(find("www.test")->addresses.size(), 1u);
}

TEST_F(ResolverTest, ALoopOfAliasesEnds) {
  settings.ipv6 = false;
  start([](const Question& question) -> Answers {
    const char* const other = question.name == "a.test" ? "b.test" : "a.test";
    return {DnsMessage(question.id, question.name, question.type)
                .alias(question.name, 60, other)
                .bytes()};
  });
  EXPECT_EQ(find("a.test")->status, DnsStatus::not_found);
}

TEST_F(ResolverTest, AnotherNameServerIsAskedWhenOneFails) {
  settings.ipv6 = false;
  NameServerFixture failing([](const Question& question) -> Answers {
    return {DnsMessage(question.id, question.name, question.type, 2).bytes()};
  });
  server = std::make_unique<NameServerFixture>(
      [](const Question& question) { return both_families(question, 0); });
  settings.servers = {failing.endpoint(), server->endpoint()};
  resolver = std::make_unique<Resolver>(*loop, settings);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(find("web.test")->status, DnsStatus::found);
  EXPECT_GT(failing.asked(), 0);
}

TEST_F(ResolverTest, ServicesAreFound) {
  start([](const Question& question) -> Answers {
    return {DnsMessage(question.id, question.name, question.type)
                .service(question.name, 60, 1, 2, 8080, "node.test")
                .bytes()};
  });
  const Found found = find("_http._tcp.web.test", 5s, Resolver::Kind::service);
  ASSERT_EQ(found->services.size(), 1u);
  EXPECT_EQ(found->services[0].port, 8080);
}

TEST_F(ResolverTest, TextThatIsNoNameIsNotFound) {
  start([](const Question& question) { return both_families(question, 60); });
  EXPECT_EQ(find("a..b")->status, DnsStatus::not_found);
  EXPECT_EQ(find(std::string(300, 'a'))->status, DnsStatus::not_found);
  EXPECT_EQ(server->asked(), 0);
}

TEST_F(ResolverTest, ShuttingDownEndsLookups) {
  start([](const Question&) -> Answers { return {}; });
  Found found;
  runtime::TaskScope scope;
  scope.spawn(look_up("slow.test", 30s, found));
  loop->post([&] { loop->cancel_all(); });
  wait_for(scope);
  EXPECT_EQ(found->status, DnsStatus::cancelled);
}

TEST_F(ResolverTest, TheNumberOfRememberedNamesIsBounded) {
  settings.ipv6 = false;
  start([](const Question& question) { return both_families(question, 600); });
  for (std::size_t i = 0; i < Resolver::entries_max + 50; ++i) {
    ASSERT_EQ(find("n" + std::to_string(i) + ".test")->status, DnsStatus::found);
  }
  EXPECT_EQ(resolver->size(), Resolver::entries_max);
}

}  // namespace
}  // namespace baton::upstream
