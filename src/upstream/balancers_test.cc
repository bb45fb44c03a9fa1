// Choosing a server other than in turn, and what takes a server out of the choice.

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <map>
#include <thread>

#include "upstream/stall_guard.h"
#include "upstream/upstreams.h"

namespace baton::upstream {
namespace {

using config::Balance;

config::UpstreamServer server(std::uint8_t last, std::uint32_t weight = 1) {
  config::UpstreamServer result;
  result.endpoint = {net::IpAddress::ipv4(10, 0, 0, last), 80};
  result.written = result.endpoint.text();
  result.weight = weight;
  return result;
}

Instant at(Duration since_start) {
  return Instant(1000s) + since_start;
}

class Bench {
 public:
  Bench(Balance balance, std::vector<config::UpstreamServer> servers,
        const std::function<void(config::UpstreamGroup&)>& change = {}) {
    config.upstreams.resize(1);
    config.upstreams[0].name = "web";
    config.upstreams[0].balance = balance;
    config.upstreams[0].servers = std::move(servers);
    if (change) change(config.upstreams[0]);
    region = ipc::SharedRegion::create({.groups_max = 16, .peers_max = 200000}).value();
    EXPECT_TRUE(name_slots(*region, config, 1));
    upstreams = std::make_unique<Upstreams>(config, *region, 1);
  }
  Group& group() { return upstreams->group(0); }
  ipc::PeerSlot& slot(std::uint32_t peer) { return *group().peers()[peer].shared; }
  Pick pick(Instant now = at(0s)) {
    Search search;
    return std::move(*group().pick(cached, search, now));
  }
  std::uint32_t pick_for(std::string_view key) {
    Search search;
    search.key = key;
    return group().pick(cached, search, at(0s))->peer().index;
  }
  std::string next(int count, Instant now = at(0s)) {
    std::string numbers;
    for (int i = 0; i < count; ++i) {
      Search search;
      auto picked = group().pick(cached, search, now);
      numbers += picked ? std::to_string(picked->peer().index) : "-";
      if (picked) picked->succeed(now);
    }
    return numbers;
  }
  // A request to the next server that is answered after `taken`.
  void answer_next(Instant now, Duration taken) {
    Pick picked = pick(now);
    picked.await_answer(now);
    picked.answered(now + taken);
    picked.succeed(now + taken);
  }

  config::Proxy config;
  std::unique_ptr<ipc::SharedRegion> region;
  std::unique_ptr<Upstreams> upstreams;
  CachedView cached;
};

TEST(LeastConn, IdleServersAlternate) {
  Bench bench(Balance::least_conn, {server(1, 2), server(2)});
  EXPECT_EQ(bench.next(6), "010010");
}

TEST(LeastConn, ABusyServerIsLeftAloneUntilTheOthersAreAsBusy) {
  Bench bench(Balance::least_conn, {server(1), server(2), server(3)});
  const Pick first = bench.pick();
  const Pick second = bench.pick();
  EXPECT_EQ(first.peer().index, 0u);
  EXPECT_EQ(second.peer().index, 1u);
  EXPECT_EQ(bench.next(3), "222");
}

TEST(LeastConn, ConnectionsCountInRelationToWeights) {
  Bench bench(Balance::least_conn, {server(1, 3), server(2)});
  std::map<std::uint32_t, int> held;
  std::vector<Pick> picks;
  for (int i = 0; i < 8; ++i) picks.push_back(bench.pick());
  for (const Pick& pick : picks) ++held[pick.peer().index];
  EXPECT_EQ(held[0], 6);
  EXPECT_EQ(held[1], 2);
}

TEST(LeastConn, BackupsTakePartWhenThePrimariesAreOut) {
  auto backup = server(3);
  backup.backup = true;
  Bench bench(Balance::least_conn, {server(1), server(2), backup});
  bench.pick().fail(at(0s));
  bench.pick().fail(at(0s));
  EXPECT_EQ(bench.next(2, at(1s)), "22");
}

TEST(LeastConn, ThreadsTogetherSpreadEvenly) {
  Bench bench(Balance::least_conn, {server(1), server(2), server(3), server(4)});
  std::vector<std::thread> running;
  std::array<std::vector<Pick>, 4> held;
  for (auto& own : held) {
    running.emplace_back([&] {
      CachedView view;
      for (int i = 0; i < 1000; ++i) {
        Search search;
        own.push_back(std::move(*bench.group().pick(view, search, at(0s))));
      }
    });
  }
  for (auto& each : running) each.join();
  for (std::uint32_t peer = 0; peer < 4; ++peer) {
    EXPECT_NEAR(bench.slot(peer).active_total(), 1000, 4);
  }
}

TEST(LeastConn, ALargeGroupIsComparedInParts) {
  std::vector<config::UpstreamServer> servers(100000);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto byte = [i](int shift) { return static_cast<std::uint8_t>(i >> shift); };
    servers[i].endpoint = {net::IpAddress::ipv4(10, byte(16), byte(8), byte(0)), 80};
  }
  Bench bench(Balance::least_conn, std::move(servers));
  std::vector<Pick> held;
  // Of this process alone, and without optimisation: comparing all would take minutes.
  const std::clock_t start = std::clock();
  for (int i = 0; i < 50000; ++i) held.push_back(bench.pick());
  EXPECT_LT(std::clock() - start, 10 * CLOCKS_PER_SEC);
  std::int32_t most = 0;
  for (std::uint32_t i = 0; i < 100000; ++i) most = std::max(most, bench.slot(i).active_total());
  EXPECT_LE(most, 2);
}

TEST(LeastTime, PrefersTheServerThatAnswersSooner) {
  Bench bench(Balance::least_time, {server(1), server(2)});
  bench.slot(0).mean_header_ns = Duration(80ms).count();
  bench.slot(1).mean_header_ns = Duration(20ms).count();
  EXPECT_EQ(bench.next(3), "111");
  std::vector<Pick> held;
  for (int i = 0; i < 5; ++i) held.push_back(bench.pick());
  EXPECT_EQ(bench.slot(0).active_total(), 1) << "busy enough, the quick one is the worse choice";
}

TEST(LeastTime, AServerThatWasSlowOnceIsTriedAgain) {
  Bench bench(Balance::least_time, {server(1), server(2)});
  EXPECT_EQ(bench.next(2), "01");
  bench.slot(0).mean_header_ns = Duration(4s).count();
  EXPECT_EQ(bench.next(3, at(10s)), "111") << "remembered for fail_timeout";
  EXPECT_EQ(bench.next(3, at(16s)), "111") << "then halved with each second";
  EXPECT_EQ(bench.next(4, at(18s)), "0111") << "one request; its answer was not counted here";
}

TEST(LeastTime, AnUnfinishedResponseCountsWithInflight) {
  for (const bool inflight : {false, true}) {
    Bench bench(Balance::least_time, {server(1), server(2)}, [&](config::UpstreamGroup& group) {
      group.least_time = config::LeastTime::last_byte;
      group.least_time_inflight = inflight;
    });
    bench.slot(1).mean_response_ns = Duration(100ms).count();
    Pick first = bench.pick();
    EXPECT_EQ(first.peer().index, 0u);
    first.await_answer(at(0s));
    first.answered(at(10ms));
    EXPECT_EQ(bench.pick(at(2s)).peer().index, inflight ? 1u : 0u);
  }
}

TEST(Hash, AKeyStaysWithItsServer) {
  Bench bench(Balance::hash, {server(1), server(2), server(3)});
  for (const char* key : {"/a", "/b", "/c", "/d"}) {
    EXPECT_EQ(bench.pick_for(key), bench.pick_for(key)) << key;
  }
}

TEST(Hash, AnEmptyKeyFallsToRoundRobin) {
  Bench bench(Balance::hash, {server(1), server(2), server(3)});
  EXPECT_EQ(bench.next(4), "0120");
}

TEST(Hash, ARetryRehashesToAnotherServer) {
  for (const Balance balance : {Balance::hash, Balance::hash_consistent}) {
    Bench bench(balance, {server(1), server(2), server(3)});
    Search search;
    search.key = "/a";
    std::uint32_t seen = 0;
    for (int i = 0; i < 3; ++i) {
      const auto picked = bench.group().pick(bench.cached, search, at(0s));
      ASSERT_TRUE(picked);
      EXPECT_EQ(seen & 1u << picked->peer().index, 0u);
      seen |= 1u << picked->peer().index;
      search.tried.add(picked->peer().index);
    }
    EXPECT_EQ(seen, 7u);
  }
}

TEST(Hash, KeysComeBackWhenTheirServerDoes) {
  Bench bench(Balance::hash_consistent, {server(1), server(2), server(3)});
  std::map<std::string, std::uint32_t> before;
  for (int i = 0; i < 100; ++i) {
    const std::string key = "/page/" + std::to_string(i);
    before[key] = bench.pick_for(key);
  }
  bench.slot(1).fails = 1;
  bench.slot(1).checked_ns = at(0s).time_since_epoch().count();
  for (const auto& [key, peer] : before) {
    if (peer == 1) {
      EXPECT_NE(bench.pick_for(key), 1u);
    } else {
      EXPECT_EQ(bench.pick_for(key), peer);
    }
  }
  bench.slot(1).fails = 0;
  for (const auto& [key, peer] : before) EXPECT_EQ(bench.pick_for(key), peer);
}

TEST(IpHash, ANetworkStaysWithItsServer) {
  Bench bench(Balance::ip_hash, {server(1), server(2), server(3)});
  const std::array<std::uint8_t, 3> network{192, 168, 175};
  std::uint32_t first = no_peer;
  for (int i = 0; i < 5; ++i) {
    Search search;
    search.client = network;
    const std::uint32_t peer = bench.group().pick(bench.cached, search, at(0s))->peer().index;
    if (first == no_peer) first = peer;
    EXPECT_EQ(peer, first);
  }
}

TEST(RandomChoice, FollowsTheWeights) {
  Bench bench(Balance::random, {server(1, 3), server(2)});
  bench.next(4000);
  EXPECT_NEAR(static_cast<double>(bench.slot(0).requests), 3000, 150);
}

TEST(RandomChoice, OfTwoTheLessBusyOneIsTaken) {
  Bench bench(Balance::random, {server(1), server(2)},
              [](config::UpstreamGroup& group) { group.random_two = true; });
  std::vector<Pick> held;
  for (int i = 0; i < 100; ++i) held.push_back(bench.pick());
  EXPECT_EQ(bench.slot(0).active_total(), 50);
}

TEST(Bound, ASessionGoesToItsServerAlsoWhileItDrains) {
  auto draining = server(1);
  draining.drain = true;
  Bench bench(Balance::round_robin, {draining, server(2)});
  EXPECT_EQ(bench.next(3), "111") << "nobody new";
  Search search;
  search.bound = 0;
  EXPECT_EQ(bench.group().pick(bench.cached, search, at(0s))->peer().index, 0u);
}

TEST(Bound, ASessionWhoseServerIsOutGetsAnotherOne) {
  Bench bench(Balance::round_robin, {server(1), server(2)});
  bench.pick().fail(at(0s));
  Search search;
  search.bound = 0;
  EXPECT_EQ(bench.group().pick(bench.cached, search, at(1s))->peer().index, 1u);
}

TEST(SlowStart, AServerThatIsBackGetsItsShareLittleByLittle) {
  auto slow = server(1);
  slow.slow_start = 10s;
  slow.fail_timeout = 1s;
  Bench bench(Balance::round_robin, {slow, server(2)});
  bench.pick().fail(at(0s));
  while (!bench.next(1, at(1s)).starts_with('0')) {
  }
  const auto share = [&](Instant now) { return std::ranges::count(bench.next(200, now), '0'); };
  EXPECT_LT(share(at(2s)), 30);
  const auto halfway = share(at(6s));
  EXPECT_GT(halfway, 45);
  EXPECT_LT(halfway, 85);
  EXPECT_EQ(share(at(12s)), 100);
}

// --- the stall guard ---

// Two servers of which both have answered for a while, and then the first one no more.
class Stalled : public testing::Test {
 protected:
  Stalled() : bench(Balance::round_robin, {server(1), server(2)}) {
    for (int i = 0; i < 200; ++i) bench.answer_next(at(i * 10ms), 5ms);
  }
  // A request each 10 ms from `from` to `until`; the second server answers after `taken`.
  int spoiled(Instant from, Instant until, Duration taken = 5ms) {
    int hanging = 0;
    for (Instant now = from; now < until; now += 10ms) {
      Pick picked = bench.pick(now);
      picked.await_answer(now);
      if (picked.peer().index == 0) {
        held.push_back(std::move(picked));
        ++hanging;
      } else {
        picked.answered(now + taken);
        picked.succeed(now + taken);
      }
    }
    return hanging;
  }
  Bench bench;
  std::vector<Pick> held;
};

TEST_F(Stalled, AFrozenServerSpoilsLessThanTwoPercentOfFifteenSeconds) {
  EXPECT_LE(spoiled(at(2s), at(17s)), 1500 * 2 / 100);
  EXPECT_TRUE(is_stalled(bench.slot(0)));
  EXPECT_EQ(bench.slot(0).times_stalled, 1u);
}

TEST_F(Stalled, TheFirstAnswerBringsItBack) {
  spoiled(at(2s), at(4s));
  EXPECT_TRUE(held.front().answered(at(4s)));
  EXPECT_FALSE(is_stalled(bench.slot(0)));
  EXPECT_NE(bench.next(2, at(4s)).find('0'), std::string::npos);
}

TEST_F(Stalled, TheLastAnsweringServerStays) {
  for (Instant now = at(2s); now < at(12s); now += 10ms) {
    Pick picked = bench.pick(now);
    picked.await_answer(now);
    held.push_back(std::move(picked));
  }
  EXPECT_FALSE(is_stalled(bench.slot(0)) && is_stalled(bench.slot(1)));
  EXPECT_FALSE(is_stalled(bench.slot(0))) << "nobody answers: it is no worse than the other";
}

TEST_F(Stalled, AStalledServerServesWhenThereIsNoOther) {
  spoiled(at(2s), at(4s));
  bench.slot(1).fails = 1;
  bench.slot(1).checked_ns = at(4s).time_since_epoch().count();
  bench.slot(1).accessed_ns = at(4s).time_since_epoch().count();
  EXPECT_EQ(bench.next(1, at(4s)), "0");
}

TEST(StallGuard, LongPollsOnAllServersStallNobody) {
  Bench bench(Balance::round_robin, {server(1), server(2)});
  struct Open {
    Pick pick;
    Instant ends;
  };
  std::vector<Open> open;
  int polls = 0;
  for (Instant now = at(0s); now < at(60s); now += 20ms) {
    std::erase_if(open, [&](Open& each) {
      if (each.ends > now) return false;
      each.pick.answered(now);
      each.pick.succeed(now);
      return true;
    });
    Pick picked = bench.pick(now);
    picked.await_answer(now);
    // Every third request is answered at once, the others after ten seconds.
    open.push_back({std::move(picked), ++polls % 3 == 0 ? now + 3ms : now + 10s});
  }
  EXPECT_EQ(bench.slot(0).times_stalled + bench.slot(1).times_stalled, 0u);
}

TEST(StallGuard, AServerThatIsSlowerThanTheOthersIsNotStalled) {
  Bench bench(Balance::round_robin, {server(1), server(2)});
  for (int i = 0; i < 100; ++i) {
    Pick picked = bench.pick(at(i * 500ms));
    picked.await_answer(at(i * 500ms));
    const Duration taken = picked.peer().index == 0 ? 450ms : 2ms;
    picked.answered(at(i * 500ms) + taken);
    picked.succeed(at(i * 500ms) + taken);
  }
  std::vector<Pick> held;
  for (Instant now = at(50s); now < at(50s + 440ms); now += 10ms) {
    Pick picked = bench.pick(now);
    picked.await_answer(now);
    if (picked.peer().index == 1) picked.answered(now + 2ms);
    held.push_back(std::move(picked));
  }
  EXPECT_EQ(bench.slot(0).times_stalled, 0u);
}

TEST(StallGuard, AGroupOfOneIsNeverStalled) {
  Bench bench(Balance::round_robin, {server(1)});
  std::vector<Pick> held;
  for (int i = 0; i < 200; ++i) {
    held.push_back(bench.pick(at(i * 10ms)));
    held.back().await_answer(at(i * 10ms));
  }
  EXPECT_FALSE(is_stalled(bench.slot(0)));
}

}  // namespace
}  // namespace baton::upstream
