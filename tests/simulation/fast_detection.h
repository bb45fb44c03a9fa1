// Fast detection in a world: every backup watches the master that it follows, and is told of its
// silence after `Plan::detection`. The sessions' packets are not played (src/bfd has tests for
// those, and they would be nine tenths of all packets); what is played is what a session is for
// the machine: MasterWatched when it is up, MasterLost when nothing came for its detection time,
// also when that was the network's fault or the master's process only napped.
#pragma once

#include <array>

#include "simulation/node.h"

namespace baton::simulation {

class FastDetection {
 public:
  static constexpr Duration stagger = 80ms;
  // The next in line hardly waits, the last for the whole stagger.
  static constexpr Duration patience = stagger + 20ms;

  explicit FastDetection(Surroundings& around) : around_(around) {}

  // `backup` follows `master` for `router`: a session comes up.
  void watch(std::size_t backup, std::size_t router, std::size_t master);
  // The world has changed: whose session has come to be silent?
  void review();
  // A session may be over; true when the machine was told so and believes it.
  bool expire(const Item& item);

 private:
  struct Session {
    bool up = false;
    bool silent = false;
    std::size_t master = 0;
    std::uint32_t generation = 0;
  };
  [[nodiscard]] bool is_heard(const Session& session, std::size_t backup, std::size_t router) const;

  Surroundings& around_;
  std::array<std::array<Session, routers_max>, hosts_max> sessions_{};
};

}  // namespace baton::simulation
