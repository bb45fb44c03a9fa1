// Sessions without packets.

#include "simulation/fast_detection.h"

namespace baton::simulation {

void FastDetection::watch(std::size_t backup, std::size_t router, std::size_t master) {
  Session& session = sessions_[backup][router];
  if (session.up && session.master == master) return;
  session = {true, false, master, session.generation + 1};
  around_.hosts[backup].watch_master(
      router, around_.plan.address_of(master, around_.plan.link_of[router]), stagger);
}

// A session needs both directions and both processes.
bool FastDetection::is_heard(const Session& session, std::size_t backup, std::size_t router) const {
  const Host& master = around_.hosts[session.master];
  const std::size_t link = around_.plan.link_of[router];
  return master.running() && master.awake() && around_.hosts[backup].awake() &&
         around_.network.reaches(link, backup, session.master) &&
         around_.network.reaches(link, session.master, backup);
}

void FastDetection::review() {
  for (std::size_t backup = 0; backup < around_.hosts.size(); ++backup) {
    for (std::size_t router = 0; router < around_.plan.routers; ++router) {
      Session& session = sessions_[backup][router];
      if (!session.up) continue;
      // A process that was started anew knows of no session.
      if (!around_.hosts[backup].running()) session.up = false;
      const bool silent = !is_heard(session, backup, router);
      if (silent == session.silent) continue;
      session.silent = silent;
      ++session.generation;
      if (!silent) continue;
      Item item;
      item.at = around_.now + around_.plan.detection;
      item.kind = Item::Kind::silence;
      item.host = static_cast<std::uint8_t>(backup);
      item.router = static_cast<std::uint8_t>(router);
      item.number = session.generation;
      around_.agenda.add(item);
    }
  }
}

bool FastDetection::expire(const Item& item) {
  Session& session = sessions_[item.host][item.router];
  Host& backup = around_.hosts[item.host];
  if (!session.up || session.generation != item.number || !backup.takes_part()) return false;
  session.up = false;
  return backup.lose_master(
      item.router, around_.plan.address_of(session.master, around_.plan.link_of[item.router]));
}

}  // namespace baton::simulation
