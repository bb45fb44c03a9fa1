// One forked child of the tree: the fork itself, the channel to it, and its end.
//
// The child is not executed anew: it starts with the supervisor's memory (the parsed
// configuration) and goes on with the function that it was given. Everything of the supervisor
// that must not live on in it is closed here, and it is tied to the supervisor's life.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ipc/channel.h"
#include "runtime/child.h"
#include "runtime/gate.h"
#include "runtime/loop.h"
#include "runtime/task.h"

namespace baton::supervisor {

class ChildProcess {
 public:
  // Who is told. Messages come in order; after on_exit() nothing follows.
  class Owner {
   public:
    virtual void on_message(ChildProcess& child, ipc::Message message) = 0;
    virtual void on_exit(ChildProcess& child, runtime::ExitStatus status) = 0;

   protected:
    ~Owner() = default;
  };

  struct Plan {
    std::string name;           // kernel name (comm)
    std::string title;          // what ps shows
    std::vector<int> kept_fds;  // besides 0, 1, 2 and the channel
    // The tree is in the background: whoever waits for the end of the terminal's output (ssh) must
    // not wait for this child.
    bool silence_stderr = false;
    // Runs in the child: gives privileges away; a failure ends the child with code 1.
    std::function<Status()> drop_privileges;
    // Runs in the child after that; gives the exit code. The supervisor's signals are still
    // blocked, so that none is lost before the child reads its own.
    std::function<int(runtime::Fd channel)> entry;
  };

  // Forks. The owner must outlive the child's end.
  static Result<std::shared_ptr<ChildProcess>> start(runtime::Loop& loop, runtime::TaskScope& scope,
                                                     Owner& owner, const Plan& plan);
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const { return child_->pid(); }
  [[nodiscard]] Instant started() const { return started_; }
  void signal(int number) const { child_->signal(number); }
  Status send(ipc::Message message) { return channel_->send(std::move(message)); }
  // Asks the child for its status (JSON); nothing when it does not answer in time.
  // `subject`: a part of it that is only given when it is named.
  static runtime::Task<std::optional<std::string>> ask_status(std::shared_ptr<ChildProcess> self,
                                                              Duration patience,
                                                              std::string subject = "");
  Status send(ipc::MessageType type, std::uint64_t number = 0, std::string text = "") {
    return channel_->send(type, number, std::move(text));
  }

 private:
  ChildProcess(Owner& owner, std::unique_ptr<runtime::Child> child,
               std::unique_ptr<ipc::Channel> channel, runtime::Loop& loop);
  static runtime::Task<void> follow(std::shared_ptr<ChildProcess> self);

  runtime::Loop& loop_;
  Owner& owner_;
  std::unique_ptr<runtime::Child> child_;
  std::unique_ptr<ipc::Channel> channel_;
  Instant started_;
  // The last answer to a status request, and who waits for one.
  std::uint64_t next_ticket_ = 1;
  std::uint64_t answered_ticket_ = 0;
  std::string status_;
  runtime::Gate answered_;
};

// "exited with code 1", "exited on signal 9".
std::string described(runtime::ExitStatus status);

// Closes all descriptors but those listed and 0, 1, 2.
void close_all_but(std::vector<int> kept);

}  // namespace baton::supervisor
