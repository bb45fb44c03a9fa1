// Accepting, one line in, one line out, until the client leaves.

#include "control/server.h"

#include <sys/socket.h>

#include "base/json_text.h"

namespace baton::control {

std::string as_line(const nlohmann::json& value) {
  return json_text(value) + "\n";
}

Status Server::listen(const std::string& path) {
  return listener_.listen(path, SOCK_STREAM);
}

runtime::Task<void> Server::serve(runtime::Fd fd) {
  runtime::Stream stream(loop_, std::move(fd));
  for (;;) {
    auto line = co_await read_line(stream);
    if (!line) break;
    const auto request = parse_json(*line);
    nlohmann::json reply = {{"ok", false}, {"text", "not a request"}};
    if (request.is_object() && request.contains("command") && request["command"].is_string()) {
      std::string command = request["command"].get<std::string>();
      reply = co_await commands_.execute(std::move(command));
    }
    std::string text = as_line(reply);
    iovec piece{text.data(), text.size()};
    std::span<iovec> pieces(&piece, 1);
    const auto sent = co_await stream.write_all(pieces, loop_.now() + patience);
    if (!sent) break;
  }
}

runtime::Task<Result<std::string>> Server::read_line(runtime::Stream& stream) {
  std::string line;
  char bytes[512];
  const Instant deadline = loop_.now() + patience;
  while (line.size() < request_bytes_max) {
    std::span<char> into(bytes);
    const auto got = co_await stream.read(into, line.empty() ? never : deadline);
    if (!got) co_return std::unexpected(got.error());
    if (*got == 0) co_return fail(ErrorKind::closed, "control client");
    line.append(bytes, *got);
    if (const std::size_t end = line.find('\n'); end != std::string::npos) {
      line.resize(end);
      co_return line;
    }
  }
  co_return fail(ErrorKind::too_large, "control request");
}

}  // namespace baton::control
