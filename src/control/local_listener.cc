// The accept loop.

#include "control/local_listener.h"

#include <unistd.h>

#include "control/local_socket.h"

namespace baton::control {

LocalListener::~LocalListener() {
  withdraw();
}

void LocalListener::withdraw() {
  if (listener_ && !path_.empty()) ::unlink(path_.c_str());
  path_.clear();
}

Status LocalListener::listen(const std::string& path, int type) {
  auto fd = listen_local(path, type);
  if (!fd) return std::unexpected(fd.error());
  path_ = path;
  listener_ = std::make_unique<runtime::Listener>(loop_, std::move(*fd));
  scope_.spawn(accept_all());
  return {};
}

runtime::Task<void> LocalListener::accept_all() {
  for (;;) {
    auto accepted = co_await listener_->accept();
    if (!accepted) {
      if (accepted.error().kind == ErrorKind::cancelled) co_return;
      static_cast<void>(co_await loop_.sleep_for(100ms));
      continue;
    }
    if (connections_ >= connections_max_ || !peer_is_trusted(accepted->fd.get())) continue;
    scope_.spawn(serve_one(std::move(accepted->fd)));
  }
}

runtime::Task<void> LocalListener::serve_one(runtime::Fd fd) {
  ++connections_;
  co_await serve_(std::move(fd));
  --connections_;
}

}  // namespace baton::control
