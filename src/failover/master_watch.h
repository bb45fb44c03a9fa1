// What fast detection (BFD) decides: which sessions this node needs, and what becomes of their
// news.
//
//   an instance in BACKUP that hears a master  ->  follows it: MasterWatched, MasterLost
//   an instance in MASTER                      ->  answers backups, and concludes nothing
//
// Nobody configures anything for either: a backup asks, and a master that is baton, too, answers.
// Without an answer VRRP's own timers decide. Opens nothing and reads no clock: fast_detection.h
// drives it in the real world, the cluster simulation in its own.
#pragma once

#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "bfd/session_table.h"
#include "config/model/fast_failover.h"
#include "failover/router_face.h"

namespace baton::failover {

class MasterWatch {
 public:
  // The wait that lets one of several backups be first is 1/256 of this for every step that it is
  // below the master. Ten steps must be more than a tick of the timers.
  static constexpr Duration stagger_shortest = 40ms;
  static constexpr Duration stagger_longest = 80ms;

  // Where a router is, and what its file says.
  struct Place {
    int link = 0;  // 0: there is no such interface
    config::FastFailover wish;
  };
  using FindPlace = std::function<Place(const RouterFace& router)>;
  // What a bfd::SessionTable is to be told (SessionTable::watch).
  struct Wanted {
    std::vector<bfd::FollowWish> wishes;
    std::vector<bfd::AnswerRule> rules;
  };

  // From now on these routers. Everybody is told anew: what stands at an address may be another
  // router now.
  void use(const std::vector<RouterFace*>& routers);
  // Whether review() is wanted after something happened to `router`.
  [[nodiscard]] bool is_news(const RouterFace& router) const;
  Wanted review(const FindPlace& place_of);
  // After review(), when the table knows of it: a session that was up before a router needed it is
  // no news to the table.
  void tell_watched(const bfd::SessionTable& table);
  // A session has changed.
  void on_session(const bfd::SessionTable& table, const bfd::TableEntry& entry,
                  const bfd::action::SessionChanged& change);

 private:
  // What a router was like when the sessions were reviewed.
  struct Seen {
    RouterFace* router = nullptr;
    vrrp::State state{};
    std::optional<net::IpAddress> master;
    std::optional<net::IpAddress> source;
    std::optional<bfd::Path> path;  // to the master that it follows
    bool told = false;              // that the session is up
  };

  void review_router(Seen& seen, const Place& place);
  void tell_watched(Seen& seen, const bfd::SessionTable& table);
  void tell_lost(const bfd::SessionTable& table, const bfd::TableEntry& entry);

  std::vector<Seen> seen_;
  std::unordered_map<const RouterFace*, std::size_t> index_;  // in `seen_`
};

}  // namespace baton::failover
