// What one thread needs to reach upstream servers: its view of every group and its idle
// connections. The exchange holds, picks, takes or connects, and keeps:
//
//   const GroupHold hold = upstreams.hold(group);
//   Search search;                                              // and what its balancer asks for
//   auto pick = upstreams.pick(group, hold, search, now);       // or: no live upstreams
//   auto connection = upstreams.pool().take(group, pick->peer());
//   if (!connection) {
//     connection = co_await upstreams.connect(group, hold, pick->peer(), deadline);
//   }
//   pick->await_answer(now); ... pick->answered(now); ...
//   pick->succeed(now), or pick->fail(now) and search.tried.add(pick->peer().index)
//   upstreams.pool().keep(std::move(connection));
//
// A hold is null for groups that never change, and costs them nothing.
//
// Numbers beyond those of the configuration are targets: groups of one thread that stand for what
// a proxy_pass with variables gave, an address or the addresses of a name. They are remembered
// with their connections for the next request of the same kind; the ones that are not used longest
// make room.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/intrusive_list.h"
#include "runtime/loop.h"
#include "upstream/connection_pool.h"
#include "upstream/group_use.h"
#include "upstream/upstreams.h"

namespace baton::upstream {

struct TargetTag;

class ThreadUpstreams {
 public:
  // Both outlive it.
  ThreadUpstreams(runtime::Loop& loop, Upstreams& upstreams);
  ~ThreadUpstreams();

  // To be kept as long as the request is: the group as it is now. Null for one that stays.
  [[nodiscard]] GroupHold hold(std::uint32_t group) {
    if (locals_[group].serial == stays) [[likely]]
      return nullptr;
    return current(group);
  }
  // The next server of `group` for `search`.
  Result<Pick> pick(std::uint32_t group, const GroupHold& hold, Search& search, Instant now) {
    if (hold) return hold->group->pick(hold->view, search, now);
    return locals_[group].group->pick(locals_[group].view, search, now);
  }
  Result<Pick> pick(std::uint32_t group, Search& search, Instant now) {
    return pick(group, hold(group), search, now);
  }
  [[nodiscard]] const Group& group(std::uint32_t number, const GroupHold& hold) const {
    return hold ? *hold->group : *locals_[number].group;
  }
  [[nodiscard]] const Group& group(std::uint32_t number) const { return *locals_[number].group; }
  [[nodiscard]] ConnectionPool& pool() { return pool_; }
  // Null for a group without `sticky learn`.
  [[nodiscard]] Sessions* sessions(std::uint32_t group) const {
    return group < upstreams_.size() ? upstreams_.sessions(group) : nullptr;
  }
  // A new connection to a server of `group`. Errors are the upstream's and may be retried.
  runtime::Task<Result<std::unique_ptr<Connection>>> connect(std::uint32_t number,
                                                             const GroupHold& hold,
                                                             const Peer& peer, Instant deadline,
                                                             const Connecting& how) {
    return pool_.connect(number, group(number, hold), hold, peer, deadline, how);
  }

  // The number of a group of the configuration, as Upstreams::find().
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view host,
                                                  std::optional<std::uint16_t> port) const {
    return upstreams_.find(host, port);
  }
  // A target for `servers` (endpoints or unix sockets), under `name` in logs.
  GroupHold target(std::string_view name, std::vector<config::UpstreamServer> servers);
  [[nodiscard]] std::size_t targets() const { return targets_.size(); }

  // Targets that are remembered while no request uses them.
  static constexpr std::size_t idle_targets_max = 512;

 private:
  static constexpr std::uint64_t stays = 0;
  struct Local {
    Group* group = nullptr;
    CachedView view;
    GroupHold use;                 // of groups that change
    std::uint64_t serial = stays;  // Upstreams::serial() of `use`
  };
  struct Target : ListNode<TargetTag> {
    std::string key;
    GroupHold use;
  };

  GroupHold current(std::uint32_t group);
  void forget_unused_targets();

  Upstreams& upstreams_;
  std::vector<Local> locals_;
  std::unordered_map<std::string, std::unique_ptr<Target>> targets_;
  IntrusiveList<Target, TargetTag> targets_by_use_;
  std::vector<std::uint32_t> free_numbers_;
  ConnectionPool pool_;
};

}  // namespace baton::upstream
