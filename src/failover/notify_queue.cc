// Which commands a state has, and their order.

#include "failover/notify_queue.h"

#include <algorithm>

namespace baton::failover {

namespace {

using Event = ipc::ScriptRequest::Event;
using Notice = vrrp::action::Notice;

struct Words {
  Event event;
  const char* state;
  const std::optional<config::ScriptCommand> config::NotifyCommands::* command;
};

Words words_of(Notice notice) {
  switch (notice) {
    case Notice::master:
      return {Event::master, "MASTER", &config::NotifyCommands::master};
    case Notice::backup:
      return {Event::backup, "BACKUP", &config::NotifyCommands::backup};
    case Notice::fault:
      return {Event::fault, "FAULT", &config::NotifyCommands::fault};
    default:
      break;
  }
  return {Event::stop, "STOP", &config::NotifyCommands::stop};
}

}  // namespace

void NotifyQueue::push(Notice notice, std::uint8_t priority, const config::NotifyCommands& commands,
                       std::uint32_t index) {
  const Words words = words_of(notice);
  ipc::ScriptRequest request;
  request.event = words.event;
  request.index = index;
  request.state = words.state;
  request.priority = priority;
  push_commands(std::move(request), commands.*words.command, commands.any);
}

void NotifyQueue::push_lower_priority(std::uint8_t priority, const config::NotifyCommands& commands,
                                      std::uint32_t index) {
  const auto waits = [](const ipc::ScriptRequest& one) {
    return one.event == Event::lower_priority;
  };
  if (!commands.lower_priority || std::ranges::any_of(waiting_, waits)) return;
  ipc::ScriptRequest request;
  request.kind = kind_;
  request.index = index;
  request.event = Event::lower_priority;
  request.state = "MASTER_RX_LOWER_PRI";
  request.priority = priority;
  waiting_.push_back(std::move(request));
}

void NotifyQueue::push_deleted(std::uint8_t priority, const config::NotifyCommands& commands,
                               std::uint32_t index) {
  ipc::ScriptRequest request;
  request.event = commands.tells_deleted ? Event::deleted : Event::fault;
  request.index = index;
  request.state = commands.tells_deleted ? "DELETED" : "FAULT";
  request.priority = priority;
  request.of_previous = true;
  push_commands(std::move(request), commands.tells_deleted ? commands.deleted : commands.fault,
                commands.any);
}

void NotifyQueue::push_commands(ipc::ScriptRequest request,
                                const std::optional<config::ScriptCommand>& one,
                                const std::optional<config::ScriptCommand>& any) {
  waiting_.clear();  // what was not told yet is no longer true
  request.kind = kind_;
  if (one) waiting_.push_back(request);
  if (!any) return;
  request.event = Event::any;
  waiting_.push_back(std::move(request));
}

std::optional<ipc::ScriptRequest> NotifyQueue::next(std::uint64_t ticket, Instant now) {
  if (ticket_ != 0 && now - started_ < patience) return std::nullopt;
  ticket_ = 0;
  if (waiting_.empty()) return std::nullopt;
  ipc::ScriptRequest request = waiting_.front();
  waiting_.pop_front();
  ticket_ = ticket;
  started_ = now;
  return request;
}

bool NotifyQueue::finished(std::uint64_t ticket) {
  if (ticket == 0 || ticket != ticket_) return false;
  ticket_ = 0;
  return true;
}

}  // namespace baton::failover
