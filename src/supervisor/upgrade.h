// Live upgrade of the binary, as nginx does it: on USR2 the running tree executes the program of
// its own name anew and leaves it the listening sockets, whose numbers stand in the environment
// variable NGINX ("6;7;"). Both trees then accept from the same queues until one of them is told
// to go. The variable is nginx's own, so nginx can be followed by baton and baton by nginx.
//
// Between two batons there is a channel besides (BATON_UPGRADE): over it the one that goes hands
// its idle client connections to the one that stays, so that not even a request that is on its way
// on a kept-alive connection is lost.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "ipc/channel.h"
#include "runtime/fd.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace baton::supervisor {

// What the old binary has left to this process.
struct Inheritance {
  std::string text;                  // "6;7;", for the log
  std::vector<runtime::Fd> sockets;  // listening
  runtime::Fd link;                  // to the old tree; none when that is a real nginx
};

// Takes it, once: the variables are gone from the environment afterwards. Nothing: this process was
// started by other means.
std::optional<Inheritance> take_inheritance();

struct NewBinary {
  std::string program;                 // path, or a name to be looked for in PATH
  std::vector<std::string> arguments;  // without the program
  std::vector<int> sockets;            // listening
};

// Starts it as a child; gives its pid, and our end of the channel in `link`. That the program
// cannot be executed is told to `log` by the child, which then ends.
Result<pid_t> start_new_binary(const NewBinary& binary, Log& log, runtime::Fd& link);

// Our end of the channel to the other tree, while that lives.
class UpgradeLink {
 public:
  using TakeClients = std::function<void(ipc::Message)>;
  UpgradeLink(runtime::Loop& loop, runtime::TaskScope& scope, runtime::Fd fd, TakeClients take);

  // Tells the other tree whether this one serves and takes clients.
  void tell_ready(bool serves);
  // The other tree serves and takes clients.
  [[nodiscard]] bool other_serves() const { return state_->ready; }
  // Hands clients over; they are closed when nobody is there.
  void send_clients(ipc::Message message);
  // Completes when all that was handed over is on its way, or at the deadline.
  runtime::Task<void> flushed(Instant deadline);

 private:
  struct State {
    ipc::Channel channel;
    TakeClients take;
    bool ready = false;
  };
  static runtime::Task<void> listen(std::shared_ptr<State> state);

  runtime::Loop& loop_;
  std::shared_ptr<State> state_;
};

}  // namespace baton::supervisor
