// Notifications of one instance or sync group: one command at a time, in the order of the states;
// when commands are slower than states change, only the latest state is told. Pure.
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
  // The next command to run with `ticket`; nothing while one runs or when all is told.
  std::optional<ipc::ScriptRequest> next(std::uint64_t ticket, Instant now);
  // True when `ticket` was the one that runs.
  bool finished(std::uint64_t ticket);
  [[nodiscard]] bool idle() const { return ticket_ == 0 && waiting_.empty(); }

 private:
  Kind kind_;
  std::deque<ipc::ScriptRequest> waiting_;  // at most two: both commands of the latest state
  std::uint64_t ticket_ = 0;
  Instant started_{};
};

}  // namespace baton::failover
