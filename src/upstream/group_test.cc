// Picking servers: strict alternation over threads, processes and reloads; failures, probes,
// backups, limits.

#include "upstream/group.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <map>
#include <thread>

#include "upstream/upstreams.h"

namespace baton::upstream {
namespace {

config::UpstreamServer server(std::uint8_t last, std::uint32_t weight = 1) {
  config::UpstreamServer result;
  result.endpoint = {net::IpAddress::ipv4(10, 0, 0, last), 80};
  result.weight = weight;
  return result;
}

Instant at(Duration since_start) {
  return Instant(1000s) + since_start;
}

// A configuration with one group, its region and its groups.
class Bench {
 public:
  explicit Bench(std::vector<config::UpstreamServer> servers) {
    config.upstreams.resize(1);
    config.upstreams[0].name = "web";
    config.upstreams[0].servers = std::move(servers);
    region = ipc::SharedRegion::create({.groups_max = 16, .peers_max = 200000}).value();
    reload();
  }
  // What a new generation of the proxy does.
  void reload() {
    EXPECT_TRUE(name_slots(*region, config, ++generation));
    upstreams = std::make_unique<Upstreams>(config, *region, generation);
    cached = {};
  }
  Group& group() { return upstreams->group(0); }
  Result<Pick> pick(Instant now = at(0s), const Tried& tried = {}) {
    Search search;
    search.tried = tried;
    return group().pick(cached, search, now);
  }
  // The numbers of the next `count` picks that succeed, as text.
  std::string next(int count, Instant now = at(0s)) {
    std::string numbers;
    for (int i = 0; i < count; ++i) {
      auto picked = pick(now);
      numbers += picked ? std::to_string(picked->peer().index) : "-";
      if (picked) picked->succeed(now);
    }
    return numbers;
  }
  void fail_next(Instant now) { pick(now)->fail(now); }

  config::Proxy config;
  std::unique_ptr<ipc::SharedRegion> region;
  std::uint64_t generation = 0;
  std::unique_ptr<Upstreams> upstreams;
  CachedView cached;
};

TEST(Group, TwoServersAlternate) {
  Bench bench({server(1), server(2)});
  EXPECT_EQ(bench.next(6), "010101");
}

TEST(Group, WeightsAreSpreadSmoothly) {
  Bench bench({server(1, 5), server(2), server(3)});
  EXPECT_EQ(bench.next(14), "00102000010200");
}

TEST(Group, TheTurnSurvivesAReload) {
  Bench bench({server(1), server(2)});
  EXPECT_EQ(bench.next(3), "010");
  bench.reload();
  EXPECT_EQ(bench.next(3), "101");
}

TEST(Group, ThreadsTogetherFollowOneCycle) {
  Bench bench({server(1, 3), server(2, 2), server(3)});
  constexpr int threads = 4;
  constexpr int picks = 30000;  // each; together a whole number of cycles
  std::vector<std::map<std::uint32_t, int>> counts(threads);
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t) {
    running.emplace_back([&, t] {
      CachedView cached;
      for (int i = 0; i < picks; ++i) {
        Search search;
        auto picked = bench.group().pick(cached, search, at(0s));
        ++counts[t][picked->peer().index];
        picked->succeed(at(0s));
      }
    });
  }
  for (auto& each : running) each.join();
  std::map<std::uint32_t, int> total;
  for (const auto& each : counts) {
    for (const auto& [peer, count] : each) total[peer] += count;
  }
  EXPECT_EQ(total[0], threads * picks / 6 * 3);
  EXPECT_EQ(total[1], threads * picks / 6 * 2);
  EXPECT_EQ(total[2], threads * picks / 6);
  EXPECT_EQ(bench.group().peers()[0].shared->active_total(), 0);
}

TEST(Group, TwoThreadsInTurnAlternateExactly) {
  Bench bench({server(1), server(2)});
  std::string order;
  CachedView caches[2];
  for (int i = 0; i < 200; ++i) {
    std::thread([&] {
      Search search;
      auto picked = bench.group().pick(caches[i % 3 == 0], search, at(0s));
      order += std::to_string(picked->peer().index);
    }).join();
  }
  for (std::size_t i = 0; i < order.size(); ++i) ASSERT_EQ(order[i], i % 2 ? '1' : '0') << i;
}

TEST(Group, ProcessesTogetherFollowOneCycle) {
  Bench bench({server(1), server(2)});
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int n = 0; n < 1001; ++n) bench.pick()->succeed(at(0s));
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) ::waitpid(child, nullptr, 0);
  bench.pick()->succeed(at(0s));
  EXPECT_EQ(bench.group().peers()[0].shared->requests, 1502u);
  EXPECT_EQ(bench.group().peers()[1].shared->requests, 1502u);
}

TEST(Group, AFailedServerIsOutUntilFailTimeoutAndThenProbedOnce) {
  Bench bench({server(1), server(2)});
  bench.fail_next(at(0s));
  EXPECT_EQ(bench.next(4, at(9s)), "1111");
  EXPECT_EQ(bench.next(2, at(10s)), "11") << "its weight comes back step by step";
  auto probe = bench.pick(at(10s));
  EXPECT_EQ(probe->peer().index, 0u);
  EXPECT_TRUE(probe->is_probe());
  EXPECT_EQ(bench.next(4, at(10s)), "1111") << "one probe at a time";
  EXPECT_TRUE(probe->succeed(at(10s)));
  const std::string after = bench.next(4, at(11s));
  EXPECT_TRUE(after == "0101" || after == "1010") << after;
}

TEST(Group, AFailedProbeWaitsForAnotherFailTimeout) {
  Bench bench({server(1), server(2)});
  bench.fail_next(at(0s));
  bench.next(2, at(10s));
  auto probe = bench.pick(at(10s));
  EXPECT_TRUE(probe->is_probe());
  EXPECT_TRUE(probe->fail(at(12s)));
  EXPECT_EQ(bench.next(4, at(21s)), "1111");
  EXPECT_NE(bench.next(4, at(22s)).find('0'), std::string::npos);
}

TEST(Group, AnAbandonedProbeIsRepeatedByTheNextRequest) {
  Bench bench({server(1), server(2)});
  bench.fail_next(at(0s));
  bench.next(2, at(10s));
  {
    auto abandoned = bench.pick(at(10s));
    EXPECT_TRUE(abandoned->is_probe());
  }
  EXPECT_NE(bench.next(3, at(10s)).find('0'), std::string::npos);
}

TEST(Group, MaxFailsOfTwoForgivesOneFailure) {
  auto first = server(1);
  first.max_fails = 2;
  Bench bench({first, server(2)});
  bench.fail_next(at(0s));
  EXPECT_EQ(bench.next(2, at(1s)), "10");
  EXPECT_EQ(bench.next(1, at(1s)), "1");
  bench.fail_next(at(2s));
  EXPECT_EQ(bench.next(3, at(3s)), "111");
}

TEST(Group, ASuccessAfterFailTimeoutClearsEarlierFailures) {
  auto first = server(1);
  first.max_fails = 2;
  Bench bench({first, server(2)});
  bench.fail_next(at(0s));
  EXPECT_EQ(bench.next(2, at(11s)), "10");
  EXPECT_EQ(bench.group().peers()[0].shared->fails, 0u);
}

TEST(Group, OtherThreadsHearOfAFailureAtTheirNextPick) {
  Bench bench({server(1), server(2)});
  CachedView other;
  Search search;
  bench.group().pick(other, search, at(0s))->fail(at(0s));  // 0
  bench.next(3);
  EXPECT_EQ(bench.group().pick(other, search, at(1s))->peer().index, 1u);
  EXPECT_EQ(bench.next(3, at(1s)), "111");
}

TEST(Group, AGroupOfOneServerNeverLosesIt) {
  Bench bench({server(1)});
  for (int i = 0; i < 5; ++i) bench.fail_next(at(0s));
  EXPECT_EQ(bench.next(2), "00");
  EXPECT_TRUE(bench.group().alive(at(0s)));
}

TEST(Group, MaxFailsOfZeroNeverTakesAServerOut) {
  auto first = server(1);
  first.max_fails = 0;
  Bench bench({first, server(2)});
  bench.fail_next(at(0s));
  EXPECT_EQ(bench.next(2), "10");
}

TEST(Group, BackupsServeOnlyWhenNoPrimaryIsEligible) {
  auto backup = server(3);
  backup.backup = true;
  Bench bench({server(1), server(2), backup});
  EXPECT_EQ(bench.next(4), "0101");
  bench.fail_next(at(0s));
  bench.fail_next(at(0s));
  EXPECT_EQ(bench.next(3, at(1s)), "222");
}

TEST(Group, ARequestThatTriedAllPrimariesGoesToTheBackup) {
  auto backup = server(2);
  backup.backup = true;
  Bench bench({server(1), backup});
  Tried tried;
  tried.add(0);
  EXPECT_EQ(bench.pick(at(0s), tried)->peer().index, 1u);
  EXPECT_EQ(bench.group().tries_max(), 2u);
}

TEST(Group, ADownServerIsNeverPicked) {
  auto first = server(1);
  first.down = true;
  Bench bench({first, server(2)});
  EXPECT_EQ(bench.next(3), "111");
  EXPECT_EQ(bench.group().tries_max(), 1u);
}

TEST(Group, SaysNoLiveUpstreamsWhenAllAreOut) {
  Bench bench({server(1), server(2)});
  bench.fail_next(at(0s));
  bench.fail_next(at(0s));
  const auto refused = bench.pick(at(1s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_STREQ(refused.error().detail, "no live upstreams");
  EXPECT_FALSE(bench.group().alive(at(1s)));
  EXPECT_EQ(bench.upstreams->groups_dead(at(1s)), 1u);
}

TEST(Group, ARetryGoesToAnotherServerAndTakesNobodysTurn) {
  Bench bench({server(1), server(2)});
  for (int i = 0; i < 4; ++i) {
    auto first = bench.pick();
    Tried tried;
    tried.add(first->peer().index);
    EXPECT_EQ(first->peer().index, static_cast<std::uint32_t>(i % 2));
    EXPECT_EQ(bench.pick(at(0s), tried)->peer().index, static_cast<std::uint32_t>(1 - i % 2));
  }
}

TEST(Group, MaxConnectionsSendsTheRestElsewhere) {
  auto first = server(1);
  first.max_connections = 1;
  Bench bench({first, server(2)});
  auto held = bench.pick();
  EXPECT_EQ(held->peer().index, 0u);
  EXPECT_EQ(bench.next(4), "1111");
  held->succeed(at(0s));
  EXPECT_NE(bench.next(2).find('0'), std::string::npos);
}

TEST(Group, MaxConnectionsIsExactAmongThreads) {
  auto only = server(1);
  only.max_connections = 3;
  Bench bench({only});
  std::atomic<int> active{0};
  std::atomic<int> most{0};
  std::vector<std::thread> running;
  for (int t = 0; t < 4; ++t) {
    running.emplace_back([&] {
      CachedView cached;
      for (int i = 0; i < 20000; ++i) {
        Search search;
        auto picked = bench.group().pick(cached, search, at(0s));
        if (!picked) continue;
        const int now_active = ++active;
        for (int seen = most; now_active > seen && !most.compare_exchange_weak(seen, now_active);) {
        }
        --active;
        picked->succeed(at(0s));
      }
    });
  }
  for (auto& each : running) each.join();
  EXPECT_LE(most, 3);
  EXPECT_EQ(bench.group().peers()[0].shared->active_total(), 0);
}

TEST(Group, FailuresOfOneGenerationAreKnownToTheNext) {
  Bench bench({server(1), server(2)});
  bench.fail_next(at(0s));
  bench.reload();
  EXPECT_EQ(bench.next(3, at(1s)), "111");
}

TEST(Group, AServerNamedTwiceHasTwoTurns) {
  Bench bench({server(1), server(1)});
  EXPECT_EQ(bench.next(4), "0101");
  EXPECT_NE(bench.group().peers()[0].shared, bench.group().peers()[1].shared);
}

TEST(Group, FailuresAndRetriesOfManyThreadsKeepTheSharesAndTheCounts) {
  std::vector<config::UpstreamServer> servers = {server(1, 3), server(2, 2), server(3)};
  for (auto& each : servers) {
    each.max_fails = 5;
    each.fail_timeout = 0s;
    each.max_connections = 3;
  }
  Bench bench(servers);
  constexpr int requests = 20000;
  std::vector<std::thread> running;
  for (int t = 0; t < 4; ++t) {
    running.emplace_back([&, t] {
      CachedView view;
      Random random(static_cast<std::uint64_t>(t) + 1);
      for (int i = 0; i < requests; ++i) {
        Search search;
        const Instant now = at(i * 1ms);
        auto picked = bench.group().pick(view, search, now);
        if (picked && random.chance(20)) {
          search.tried.add(picked->peer().index);
          picked->fail(now);
          picked = bench.group().pick(view, search, now);
        }
        if (picked) picked->succeed(now);
      }
    });
  }
  for (auto& each : running) each.join();
  double total = 0;
  for (const Peer& peer : bench.group().peers()) {
    EXPECT_EQ(peer.shared->active_total(), 0) << peer.name;
    total += static_cast<double>(peer.shared->requests);
  }
  for (const Peer& peer : bench.group().peers()) {
    const double share = static_cast<double>(peer.shared->requests) / total;
    EXPECT_NEAR(share, peer.weight / 6.0, 0.08) << peer.name;
  }
}

std::vector<config::UpstreamServer> many_servers(std::size_t count) {
  std::vector<config::UpstreamServer> servers(count);
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto byte = [i](int shift) { return static_cast<std::uint8_t>(i >> shift); };
    servers[i].endpoint = {net::IpAddress::ipv4(10, byte(16), byte(8), byte(0)), 80};
    servers[i].written = servers[i].endpoint.text();
  }
  return servers;
}

// Nanoseconds for a pick and its success, the first one not counted.
double pick_time_ns(Bench& bench, int picks) {
  bench.next(1);
  Search search;
  search.key = "/some/page";
  const std::clock_t start = std::clock();
  for (int i = 0; i < picks; ++i) {
    search.hash_tries = search.rehashes = search.hash = 0;
    bench.group().pick(bench.cached, search, at(0s))->succeed(at(0s));
  }
  return static_cast<double>(std::clock() - start) * (1e9 / CLOCKS_PER_SEC) / picks;
}

TEST(Group, AHundredThousandServersCostNothingPerPick) {
  Bench bench(many_servers(100000));
  bench.next(1);
  const std::clock_t start = std::clock();
  for (int i = 0; i < 99999; ++i) bench.pick()->succeed(at(0s));
  EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC);
  for (const Peer& peer : bench.group().peers()) ASSERT_EQ(peer.shared->requests, 1u);
}

TEST(Group, APickTakesAsLongInALargeGroupAsInASmallOne) {
  using config::Balance;
  for (const auto& [balance, name] :
       {std::pair{Balance::round_robin, "round robin"},
        std::pair{Balance::least_conn, "least_conn"}, std::pair{Balance::hash, "hash"},
        std::pair{Balance::random, "random"}}) {
    for (const std::size_t servers : {2u, 100u, 100000u}) {
      Bench bench(many_servers(servers));
      bench.config.upstreams[0].balance = balance;
      bench.reload();
      const double taken_ns = pick_time_ns(bench, 5000);
      std::printf("%s of %zu servers: %.0f ns\n", name, servers, taken_ns);
      // A hundred times what a release build takes: for sanitizers without optimisation, and still
      // far from what going through all servers would cost.
      EXPECT_LT(taken_ns, 200000) << name << " of " << servers;
    }
  }
}

}  // namespace
}  // namespace baton::upstream
