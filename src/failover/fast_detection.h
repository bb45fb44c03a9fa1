// Fast detection of a dead master (BFD): which sessions this node needs, and what becomes of their
// news.
//
//   an instance in BACKUP that hears a master  ->  follows it: MasterWatched, MasterLost
//   an instance in MASTER                      ->  answers backups, and concludes nothing
//   bfd_instance of the configuration          ->  health of the instances that track it
//
// Nobody configures anything for the first two: a backup asks, and a master that is baton, too,
// answers. Without an answer VRRP's own timers decide.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/model/failover.h"
#include "failover/bfd_sessions.h"
#include "failover/router.h"

namespace baton::failover {

class FastDetection final : public BfdSessions::Owner {
 public:
  // The wait that lets one of several backups be first is 1/256 of this for every step that it is
  // below the master. Ten steps must be more than a tick of the timers.
  static constexpr Duration stagger_shortest = 40ms;
  static constexpr Duration stagger_longest = 80ms;

  // A bfd_instance, by its index, is up or down.
  using Report = std::function<void(std::uint32_t, vrrp::Health, const std::string&)>;

  FastDetection(runtime::Loop& loop, Log& log, LinkTable& links, std::uint64_t seed, Report report);

  // From now on these routers of `config`, both of which outlive the next call.
  void use(const config::Failover& config, const std::vector<std::unique_ptr<Router>>& routers);
  // Something happened to `router`; cheap when it changes nothing here.
  void note(const Router& router);
  // Links or addresses changed.
  void note_links() { timer_.arm(loop_.now()); }
  void slept() { sessions_.slept(); }
  void close();

  // A backup watches this node now: it would take over at once.
  [[nodiscard]] bool is_watched() const { return sessions_.table().is_watched(); }
  [[nodiscard]] const bfd::SessionTable& table() const { return sessions_.table(); }
  // Health of a bfd_instance; down before the session was up.
  [[nodiscard]] vrrp::Health health(std::uint32_t index) const;

 private:
  // What a router was like when the sessions were reviewed.
  struct Seen {
    Router* router = nullptr;
    vrrp::State state{};
    std::optional<net::IpAddress> master;
    std::optional<net::IpAddress> source;
    std::optional<bfd::Path> path;  // to the master that it follows
    bool told = false;              // that the session is up
  };

  void review();
  void review_router(Seen& seen);
  void tell_watched(Seen& seen);
  void on_session(const bfd::TableEntry& entry, const bfd::action::SessionChanged& change) override;
  void report(const bfd::TableEntry& entry, const bfd::action::SessionChanged& change);
  void tell_lost(const bfd::TableEntry& entry);
  [[nodiscard]] const config::FastFailover& wish_of(const Router& router) const;

  runtime::Loop& loop_;
  Log& log_;
  LinkTable& links_;
  BfdSessions sessions_;
  Report report_;
  const config::Failover* config_ = nullptr;
  std::unordered_map<const Router*, Seen> seen_;
  runtime::Timer timer_;
  bool closed_ = false;
};

}  // namespace baton::failover
