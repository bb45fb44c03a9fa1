// Which commands a state has, and their order.

#include "failover/notify_queue.h"

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
    case Notice::stop:
      break;
  }
  return {Event::stop, "STOP", &config::NotifyCommands::stop};
}

}  // namespace

void NotifyQueue::push(Notice notice, std::uint8_t priority, const config::NotifyCommands& commands,
                       std::uint32_t index) {
  const Words words = words_of(notice);
  waiting_.clear();  // what was not told yet is no longer true
  ipc::ScriptRequest request;
  request.kind = kind_;
  request.index = index;
  request.state = words.state;
  request.priority = priority;
  if (commands.*words.command) {
    request.event = words.event;
    waiting_.push_back(request);
  }
  if (commands.any) {
    request.event = Event::any;
    waiting_.push_back(request);
  }
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
