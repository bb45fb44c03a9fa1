// The control socket: how `baton status`, `reload`, `stop` and the others reach a running tree.
// One JSON object a line asks, one JSON object a line answers: {"command": "reload"} gets
// {"ok": true, "text": "..."} or, for status, {"ok": true, "status": {...}}.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"

namespace baton::control {

// What a tree can be asked for.
class Commands {
 public:
  virtual runtime::Task<nlohmann::json> execute(std::string command) = 0;

 protected:
  ~Commands() = default;
};

class Server {
 public:
  static constexpr std::size_t connections_max = 16;
  static constexpr std::size_t request_bytes_max = 4096;
  static constexpr Duration patience = 5s;

  Server(runtime::Loop& loop, runtime::TaskScope& scope, Commands& commands)
      : loop_(loop), scope_(scope), commands_(commands) {}
  ~Server();

  Status listen(const std::string& path);
  // Takes the socket's name away: nobody new finds it. Open connections go on.
  void withdraw();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  runtime::Task<void> accept_all();
  runtime::Task<void> serve(runtime::Fd fd);
  runtime::Task<Result<std::string>> read_line(runtime::Stream& stream);

  runtime::Loop& loop_;
  runtime::TaskScope& scope_;
  Commands& commands_;
  std::string path_;
  std::unique_ptr<runtime::Listener> listener_;
  std::size_t connections_ = 0;
};

// One line, valid UTF-8 whatever was put in.
std::string as_line(const nlohmann::json& value);

}  // namespace baton::control
