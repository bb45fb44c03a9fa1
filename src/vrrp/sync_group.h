// A vrrp_sync_group as a pure rule over the instances that it ties together: looks at how they are
// and says what has to be told to which of them. Who drives it asks again after anything happened
// to a member, tells the events, and goes on until nothing is left to say.
//
// The model (keepalived.conf(5), vrrp_sync_group; what 2.2.7 does on the wire):
//
//   one member has a fault of its own      -> all others are kept in FAULT until it is gone
//   every member is master or wants it     -> those that want it take over, at once
//   some are masters, another is not       -> the masters give up: priority 0, then BACKUP
//
// A member of a group does not take over by itself: at the end of its master-down time it wants to
// (Instance::wants_master), until it hears a master that it follows.
//
// Invariants:
//  1. After the commands of a review were obeyed, either all members are master or none is; but
//     for the end: members that stop or yield are left alone, each yields to its own successor.
//  2. A fault that comes from the group is never the cause of another: only own faults count.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vrrp/event.h"
#include "vrrp/instance.h"

namespace baton::vrrp {

class SyncGroup {
 public:
  struct Command {
    std::size_t member = 0;  // in the span of review()
    Event event;
  };
  struct Verdict {
    std::vector<Command> commands;         // in the order in which they are to be told
    std::string line;                      // for the log, before the commands; may be empty
    std::optional<action::Notice> notice;  // the state that the group as a whole has reached

    [[nodiscard]] bool is_silent() const { return commands.empty() && !notice; }
  };

  explicit SyncGroup(std::string name) : name_(std::move(name)) {}

  // What is to be done now. No allocation when all is well already.
  Verdict review(std::span<const Instance* const> members);

  [[nodiscard]] const std::string& name() const { return name_; }
  // FAULT when one member is, MASTER and STOPPED when all are, INIT while one is, else BACKUP.
  [[nodiscard]] State state() const { return state_; }

 private:
  using Members = std::span<const Instance* const>;

  void share_faults(Members members, Verdict& verdict) const;
  void share_mastery(Members members, Verdict& verdict) const;
  void settle(Members members, Verdict& verdict);
  [[nodiscard]] std::string line(State state) const;

  std::string name_;
  State state_ = State::init;
};

}  // namespace baton::vrrp
