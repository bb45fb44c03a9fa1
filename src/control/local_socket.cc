// bind, connect, SO_PEERCRED.

#include "control/local_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace baton::control {

namespace {

bool fill(const std::string& path, sockaddr_un& name) {
  if (path.size() >= sizeof(name.sun_path)) return false;
  name.sun_family = AF_UNIX;
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  return true;
}

}  // namespace

Result<runtime::Fd> listen_local(const std::string& path, int type) {
  sockaddr_un name{};
  if (!fill(path, name)) return fail(ErrorKind::too_large, "path of the socket");
  if (connect_local(path, type)) return fail(ErrorKind::unavailable, "somebody listens there");
  ::unlink(path.c_str());
  runtime::Fd fd(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  // The mode must be right from the first moment: the umask makes it so.
  const mode_t before = ::umask(0177);
  const int bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
  const int error = errno;
  ::umask(before);
  if (bound != 0) return fail_errno(error, "bind of the socket");
  constexpr int backlog = 16;
  if (::listen(fd.get(), backlog) != 0) return fail_errno(errno, "listen");
  return fd;
}

Result<runtime::Fd> connect_local(const std::string& path, int type) {
  sockaddr_un name{};
  if (!fill(path, name)) return fail(ErrorKind::too_large, "path of the socket");
  runtime::Fd fd(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
    return fail_errno(errno, "connect");
  }
  return fd;
}

bool peer_is_trusted(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

}  // namespace baton::control
