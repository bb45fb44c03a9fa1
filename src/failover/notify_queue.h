// Notifications of one instance or sync group to its scripts: one command at a time, in the order
// of the states; when commands are slower than states change, only the latest state is told. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "config/model/failover.h"
#include "ipc/messages.h"
#include "vrrp/event.h"

namespace baton::failover {

class NotifyQueue {
 public:
  // A command that does not end is no longer waited for after this.
  static constexpr Duration patience = 60s;

  using Kind = ipc::ScriptRequest::Kind;

  explicit NotifyQueue(Kind kind = Kind::notify_instance) : kind_(kind) {}

  // The state to tell; which of `commands` exist decides what is run for it. `index` is that of
  // the instance or group in the configuration.
  void push(vrrp::action::Notice notice, std::uint8_t priority,
            const config::NotifyCommands& commands, std::uint32_t index);
  // A lower advert was heard: told once more at most, and only while nothing newer waits.
  void push_lower_priority(std::uint8_t priority, const config::NotifyCommands& commands,
                           std::uint32_t index);
  // A reload took the instance out of the file: `commands` and `index` are of the one before.
  void push_deleted(std::uint8_t priority, const config::NotifyCommands& commands,
                    std::uint32_t index);
  // The next command to run with `ticket`; nothing while one runs or when all is told.
  std::optional<ipc::ScriptRequest> next(std::uint64_t ticket, Instant now);
  // True when `ticket` was the one that runs.
  bool finished(std::uint64_t ticket);
  [[nodiscard]] bool idle() const { return ticket_ == 0 && waiting_.empty(); }

 private:
  void push_commands(ipc::ScriptRequest request, const std::optional<config::ScriptCommand>& one,
                     const std::optional<config::ScriptCommand>& any);

  Kind kind_;
  // At most three: both commands of the latest state, and the one of a lower advert.
  std::deque<ipc::ScriptRequest> waiting_;
  std::uint64_t ticket_ = 0;
  Instant started_{};
};

}  // namespace baton::failover
