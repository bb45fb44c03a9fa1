// The control socket: how `baton status`, `reload`, `stop` and the others reach a running tree.
// One JSON object a line asks, one JSON object a line answers: {"command": "reload"} gets
// {"ok": true, "text": "..."} or, for status, {"ok": true, "status": {...}}.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "control/local_listener.h"
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
      : loop_(loop),
        commands_(commands),
        listener_(loop, scope, connections_max,
                  [this](runtime::Fd fd) { return serve(std::move(fd)); }) {}

  Status listen(const std::string& path);
  // Takes the socket's name away: nobody new finds it. Open connections go on.
  void withdraw() { listener_.withdraw(); }
  [[nodiscard]] const std::string& path() const { return listener_.path(); }

 private:
  runtime::Task<void> serve(runtime::Fd fd);
  runtime::Task<Result<std::string>> read_line(runtime::Stream& stream);

  runtime::Loop& loop_;
  Commands& commands_;
  LocalListener listener_;
};

// One line, valid UTF-8 whatever was put in.
std::string as_line(const nlohmann::json& value);

}  // namespace baton::control
