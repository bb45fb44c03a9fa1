// Accepts connections at a unix socket in the run directory: trusted ones only (peer_is_trusted),
// and no more at a time than a bound. What is said on them is the owner's.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "runtime/loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace baton::control {

class LocalListener {
 public:
  // Talks on one connection until that is at its end.
  using Serve = std::function<runtime::Task<void>(runtime::Fd)>;

  LocalListener(runtime::Loop& loop, runtime::TaskScope& scope, std::size_t connections_max,
                Serve serve)
      : loop_(loop), scope_(scope), connections_max_(connections_max), serve_(std::move(serve)) {}
  ~LocalListener();

  // Listens at `path` with a socket of `type`, replacing what a crash has left there.
  Status listen(const std::string& path, int type);
  // Takes the socket's name away: nobody new finds it. Open connections go on.
  void withdraw();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  runtime::Task<void> accept_all();
  runtime::Task<void> serve_one(runtime::Fd fd);

  runtime::Loop& loop_;
  runtime::TaskScope& scope_;
  std::size_t connections_max_;
  Serve serve_;
  std::string path_;
  std::unique_ptr<runtime::Listener> listener_;
  std::size_t connections_ = 0;
};

}  // namespace baton::control
