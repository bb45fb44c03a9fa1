// Sync groups of the node: after every event of a member the group looks at all its members, and
// what it says is told to them (vrrp/sync_group.h has the rule).
//
// Notifications: each member and the group have a queue of their own, and all are told, as with
// keepalived 2.2.7. A command of a group does not replace those of its members.

#include <algorithm>

#include "base/assert.h"
#include "failover/node.h"

namespace baton::failover {

// A group that the file still names keeps what it knows; nothing is notified twice.
void Node::arrange_groups() {
  auto earlier = std::exchange(groups_, {});
  for (std::uint32_t i = 0; i < config_->sync_groups.size(); ++i) {
    const config::VrrpSyncGroup& wanted = config_->sync_groups[i];
    const auto known = std::ranges::find_if(earlier, [&wanted](const RouterGroup& group) {
      return group.machine.name() == wanted.name;
    });
    RouterGroup group{
        known != earlier.end() ? known->machine : vrrp::SyncGroup(wanted.name), i, {}, {}};
    for (const std::uint32_t member : wanted.members) {
      group.routers.push_back(routers_[member].get());
      group.instances.push_back(&routers_[member]->instance());
    }
    groups_.push_back(std::move(group));
  }
  std::erase_if(group_notifications_, [this](const auto& entry) {
    return std::ranges::none_of(groups_, [&entry](const RouterGroup& group) {
      return group.machine.name() == entry.first;
    });
  });
}

void Node::on_handled(Router& router, bool changed) {
  handovers_.expect_stragglers(router);
  handovers_.review();
  if (changed) detection_.note(router);
  if (untold_ > 0 || router.plan().settings.sync_group.empty()) return;
  for (auto& group : groups_) {
    if (std::ranges::find(group.routers, &router) == group.routers.end()) continue;
    review_group(group);
    return;
  }
}

void Node::review_groups() {
  if (untold_ > 0) return;
  for (auto& group : groups_) review_group(group);
}

// Each round brings the members nearer to each other: one for faults, one for who is master, one
// to settle. More are a bug.
void Node::review_group(RouterGroup& group) {
  constexpr int rounds_max = 8;
  for (int round = 0; round < rounds_max; ++round) {
    const auto verdict = group.machine.review(group.instances);
    if (verdict.notice) tell_group(group, *verdict.notice);
    if (verdict.is_silent()) return;
    if (!verdict.line.empty()) log_.write(LogLevel::info, verdict.line);
    ++untold_;
    for (const auto& command : verdict.commands) {
      group.routers[command.member]->obey(command.event);
    }
    --untold_;
  }
  BATON_ASSERT(false);
}

void Node::tell_group(const RouterGroup& group, vrrp::action::Notice notice) {
  announce_group(group, notice);
  const auto& commands = config_->sync_groups[group.index].notify;
  auto [entry, is_new] = group_notifications_.try_emplace(
      group.machine.name(), NotifyQueue(NotifyQueue::Kind::notify_group));
  entry->second.push(notice, 0, commands, group.index);
  run_notifications();
}

}  // namespace baton::failover
