// What the node tells to those who read along: FIFOs and mail. The supervisor writes and sends
// (supervisor/messenger.h); here it is decided what there is to say. The words are keepalived's.

#include "failover/node.h"

namespace baton::failover {

namespace {

using vrrp::action::Notice;

std::string_view word_of(Notice notice) {
  switch (notice) {
    case Notice::master:
      return "MASTER";
    case Notice::backup:
      return "BACKUP";
    case Notice::fault:
      return "FAULT";
    case Notice::lower_priority:
      return "MASTER_RX_LOWER_PRI";
    default:
      return "STOP";
  }
}

// The end of the daemon is no news to its operator.
bool is_mailed(std::string_view state, const config::Mail& mail) {
  if (state == "FAULT") return !mail.without_faults;
  return state == "MASTER" || state == "BACKUP" || state == "DELETED";
}

}  // namespace

void Node::announce(const ipc::Announcement& announcement) {
  const bool has_fifo = !config_->messages.fifos.empty();
  if (!announcement.by_mail && !(announcement.by_fifo && has_fifo)) return;
  static_cast<void>(channel_.send(ipc::MessageType::announce, 0, announcement.encode()));
}

void Node::announce_state(const Router& router, std::string_view state, std::uint8_t priority,
                          const config::VrrpInstance& instance) {
  ipc::Announcement announcement;
  announcement.name = router.name();
  announcement.state = state;
  announcement.priority = priority;
  announcement.by_mail = instance.smtp_alert && is_mailed(state, config_->messages.mail);
  announce(announcement);
}

void Node::announce_notice(const Router& router, const vrrp::action::Notify& notify,
                           const config::VrrpInstance& instance) {
  if (notify.notice != Notice::priority) {
    announce_state(router, word_of(notify.notice), notify.priority, instance);
  } else if (instance.notify.priority_changes) {
    const bool is_master = router.instance().state() == vrrp::State::master;
    announce_state(router, is_master ? "MASTER_PRIORITY" : "BACKUP_PRIORITY", notify.priority,
                   instance);
  }
}

void Node::announce_group(const RouterGroup& group, Notice notice) {
  ipc::Announcement announcement;
  announcement.of_group = true;
  announcement.name = group.machine.name();
  announcement.state = word_of(notice);
  announcement.by_mail = config_->sync_groups[group.index].smtp_alert &&
                         is_mailed(announcement.state, config_->messages.mail);
  announce(announcement);
}

// fifo_write_vrrp_states_on_reload: for readers that start with the reload.
void Node::announce_all_states() {
  const auto tell = [this](bool of_group, const std::string& name, std::string_view state,
                           std::uint32_t priority) {
    ipc::Announcement announcement;
    announcement.of_group = of_group;
    announcement.name = name;
    announcement.state = state;
    announcement.priority = priority;
    announce(announcement);
  };
  const auto is_told = [](vrrp::State state) {
    return state == vrrp::State::master || state == vrrp::State::backup ||
           state == vrrp::State::fault;
  };
  for (const auto& group : groups_) {
    if (group.instances.empty() || !is_told(group.instances.front()->state())) continue;
    tell(true, group.machine.name(), vrrp::name_of(group.instances.front()->state()), 0);
  }
  for (const auto& router : routers_) {
    const vrrp::Instance& machine = router->instance();
    if (!is_told(machine.state())) continue;
    tell(false, router->name(), vrrp::name_of(machine.state()), machine.effective_priority());
  }
}

// `instance` is of the configuration that has just been left.
void Node::tell_deleted(const Router& router, const config::VrrpInstance& instance) {
  const std::uint8_t priority = router.instance().effective_priority();
  announce_state(router, instance.notify.tells_deleted ? "DELETED" : "FAULT", priority, instance);
  notifications_[router.name()].push_deleted(priority, instance.notify, router.index());
}

}  // namespace baton::failover
