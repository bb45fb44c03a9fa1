// The servers of a group that has lines with `resolve`: fixed ones, and those that names stand for
// at present. When an answer changes, a new Group takes the place of the old one, over the same
// slots of shared memory: servers that stay keep their counters, their health and their
// connections.
//
// A line has a number of slots under its own name. Which server sits in which is agreed between
// generations by the slot's `occupant`, without a lock: a mark made from the address, written by
// compare-and-swap. A slot is given to another server only when nobody has requests at the one
// before. The addresses stand in the slots as well, so that a new generation begins with what the
// old one knew, also when the name servers do not answer just then.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/model/upstream.h"
#include "ipc/shared_region.h"
#include "upstream/group.h"

namespace baton::upstream {

// One address that a line stands for.
struct ResolvedMember {
  net::Endpoint endpoint;
  std::uint32_t weight = 1;
  bool backup = false;
  friend auto operator<=>(const ResolvedMember&, const ResolvedMember&) = default;
};

class ResolvedServers {
 public:
  // Most servers that one line may stand for; more are left out.
  static constexpr std::uint32_t members_max = 64;

  // Names the slots of a group's lines, for name_slots() in upstreams.h.
  static Status name_slots(ipc::SharedRegion& region, const config::UpstreamGroup& group,
                           std::uint64_t generation);

  // Begins with what the slots remember. `config` outlives it and the groups that it makes.
  ResolvedServers(const config::UpstreamGroup& config, ipc::SharedRegion& region,
                  std::uint64_t generation);

  // What line `line` of config.resolved stands for now; a server that is there twice counts twice.
  // True when that is a change.
  bool set(std::size_t line, std::vector<ResolvedMember> members);
  // Whether the line has any server.
  [[nodiscard]] bool known(std::size_t line) const { return !lines_[line].members.empty(); }
  // A group of all servers as they are now.
  [[nodiscard]] std::shared_ptr<Group> make_group() const;

 private:
  struct Member {
    ResolvedMember server;
    ipc::PeerSlot* slot;
  };
  struct Line {
    std::vector<ipc::PeerSlot*> slots;
    std::vector<Member> members;
  };
  void remember(Line& line);
  ipc::PeerSlot* take_slot(Line& line, const std::vector<Member>& taken,
                           const ResolvedMember& server);

  const config::UpstreamGroup& config_;
  ipc::GroupSlot& shared_;
  std::uint64_t generation_;
  std::vector<ipc::PeerSlot*> fixed_;
  std::vector<Line> lines_;
};

// A group that owns what it is made of. `config` is taken as it is, with a slot for each server.
std::shared_ptr<Group> make_owning_group(config::UpstreamGroup config, ipc::GroupSlot& shared,
                                         const std::vector<ipc::PeerSlot*>& slots,
                                         std::uint32_t lane);
// The same with slots of its own, that nobody else sees.
std::shared_ptr<Group> make_private_group(config::UpstreamGroup config);

}  // namespace baton::upstream
