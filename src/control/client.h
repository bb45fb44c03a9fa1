// The asking side of the control socket, for commands: blocking, with a deadline.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "runtime/fd.h"

namespace baton::control {

class Client {
 public:
  // Unavailable (`refused` or ENOENT inside) when nobody listens at `path`.
  static Result<Client> connect(const std::string& path);

  // Sends one command and gives the answer's object.
  Result<nlohmann::json> ask(const std::string& command, Duration patience);
  // Waits until the tree has gone, which closes the connection. False at the deadline.
  bool wait_for_end(Duration patience);

 private:
  explicit Client(runtime::Fd fd) : fd_(std::move(fd)) {}
  runtime::Fd fd_;
};

// Paths of the control sockets in `run_directory`, whether alive or not, sorted.
std::vector<std::string> control_sockets(const std::string& run_directory);

}  // namespace baton::control
