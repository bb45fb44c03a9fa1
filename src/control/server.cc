// Accepting, one line in, one line out, until the client leaves.

#include "control/server.h"

#include <sys/socket.h>
#include <unistd.h>

#include "control/local_socket.h"

namespace baton::control {

std::string as_line(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

Server::~Server() {
  withdraw();
}

void Server::withdraw() {
  if (listener_ && !path_.empty()) ::unlink(path_.c_str());
  path_.clear();
}

Status Server::listen(const std::string& path) {
  auto fd = listen_local(path, SOCK_STREAM);
  if (!fd) return std::unexpected(fd.error());
  path_ = path;
  listener_ = std::make_unique<runtime::Listener>(loop_, std::move(*fd));
  scope_.spawn(accept_all());
  return {};
}

runtime::Task<void> Server::accept_all() {
  for (;;) {
    auto accepted = co_await listener_->accept();
    if (!accepted) {
      if (accepted.error().kind == ErrorKind::cancelled) co_return;
      static_cast<void>(co_await loop_.sleep_for(100ms));
      continue;
    }
    if (connections_ >= connections_max || !peer_is_trusted(accepted->fd.get())) continue;
    scope_.spawn(serve(std::move(accepted->fd)));
  }
}

runtime::Task<void> Server::serve(runtime::Fd fd) {
  ++connections_;
  runtime::Stream stream(loop_, std::move(fd));
  for (;;) {
    auto line = co_await read_line(stream);
    if (!line) break;
    const auto request = nlohmann::json::parse(*line, nullptr, false);
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
  --connections_;
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
