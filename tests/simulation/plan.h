// What a simulated world is made of before anything happens in it: hosts, links, virtual routers,
// their settings, the pace of their adverts, the network between them, the clocks. All of it is
// made from one seed, so that a script needs to name only that.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/fast_failover.h"
#include "vrrp/settings.h"

namespace baton::simulation {

// Quick: adverts of 10 to 500 ms. Everyday: 1 to 3 s. Slow: 5 to 255 s; a world of that kind has
// few packets and long hours.
enum class Pace : std::uint8_t { quick, everyday, slow };
inline constexpr std::size_t pace_count = 3;
const char* name_of(Pace pace);

inline constexpr std::size_t hosts_max = 5;
inline constexpr std::size_t links_max = 2;
inline constexpr std::size_t routers_max = 2;

// The trackers that every virtual router of a world has, in this order.
enum TrackerIndex : std::size_t { tracker_script, tracker_weight, tracker_link, tracker_count };

struct Plan {
  std::uint64_t seed = 0;
  Pace pace = Pace::everyday;
  std::size_t hosts = 2;
  std::size_t links = 1;
  std::size_t routers = 1;                            // virtual routers, each on every host
  bool grouped = false;                               // the routers of a host are a sync group
  std::vector<std::size_t> link_of;                   // router -> link
  std::vector<std::vector<vrrp::Settings>> settings;  // [host][router]
  Duration interval{};
  Duration other_interval{};  // what an edit changes it to, and back
  Duration detection{};       // of a silent master by BFD; 0: by its adverts only
  // What a part of the worlds has besides (the shares are in plan.cc):
  config::FastFailover watch{.enabled = false};  // sessions of real packets, not `detection`
  bool guarded = false;         // a second heartbeat path, a witness, or both (in the settings)
  bool paired = false;          // a pair link, and handovers over it
  Duration handover_timeout{};  // with `paired`
  Duration delay_min{};
  Duration delay_max{};
  std::vector<int> drift_ppm;  // [host]: how much faster its clock runs than the world's

  [[nodiscard]] net::IpAddress address_of(std::size_t host, std::size_t link) const;
  // The addresses of `router` in the `edition`-th version of the configuration.
  [[nodiscard]] std::vector<net::IpAddress> addresses_of(std::size_t router,
                                                         std::uint64_t edition) const;
  // The longest time that a node waits for its master.
  [[nodiscard]] Duration longest_wait() const;
  // After the last disturbance: until a connected set without a holder has one, ...
  [[nodiscard]] Duration gap_max() const;
  // ... until of several holders one is left, ...
  [[nodiscard]] Duration overlap_max() const;
  // ... and until the right one holds and nothing moves any more.
  [[nodiscard]] Duration settle_time() const;
  // Of a master, until BFD believes it.
  [[nodiscard]] Duration silence() const {
    return watch.enabled ? watch.multiplier * watch.interval : detection;
  }
  [[nodiscard]] const vrrp::TakeoverRules& guard() const { return settings[0][0].takeover; }
  // "3 hosts, 1 link, v2 multicast, adverts each 1 s, ..."
  [[nodiscard]] std::string text() const;
};

Plan make_plan(std::uint64_t seed);

}  // namespace baton::simulation
