// Whom the segment believes: the ARP cache of a gateway on each link, which learns from
// announcements and from nothing else. A real cache forgets after a minute or so and asks anew;
// this one never does, so that what is judged is whether the machines announce when they must.
// What the network lost is held against the network: `misses` remembers whose frames did not come,
// and what was learned while packets were lost counts as excused, for the master may not know.
#pragma once

#include <array>

#include "simulation/plan.h"

namespace baton::simulation {

class Neighbour {
 public:
  static constexpr std::size_t nobody = 99;
  static constexpr std::size_t stranger = 98;

  Neighbour() { belief_.fill(nobody); }

  void hears(std::size_t router, std::size_t station, bool excused) {
    belief_[router] = station;
    excused_[router] = excused;
    if (station < hosts_max) missed_[router][station] = false;
  }
  // None of the frames of an announcement arrived.
  void misses(std::size_t router, std::size_t host) { missed_[router][host] = true; }

  // The host to which traffic for the addresses of `router` goes.
  [[nodiscard]] std::size_t belief(std::size_t router) const { return belief_[router]; }
  [[nodiscard]] bool missed(std::size_t router, std::size_t host) const {
    return missed_[router][host];
  }
  // The one that it believes has gone, and who holds now could not hear it.
  void excuse(std::size_t router) { excused_[router] = true; }
  [[nodiscard]] bool excused(std::size_t router) const { return excused_[router]; }

 private:
  std::array<std::size_t, routers_max> belief_{};
  std::array<std::array<bool, hosts_max>, routers_max> missed_{};
  std::array<bool, routers_max> excused_{};
};

}  // namespace baton::simulation
