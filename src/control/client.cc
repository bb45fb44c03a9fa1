// poll, send, recv.

#include "control/client.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/json_text.h"
#include "control/local_socket.h"
#include "control/server.h"
#include "runtime/loop.h"

namespace baton::control {

namespace {

bool wait_for(int fd, short events, Instant deadline) {
  pollfd entry{fd, events, 0};
  const auto left = std::max<std::int64_t>(0, to_ms(deadline - runtime::monotonic_now()));
  return ::poll(&entry, 1, static_cast<int>(std::min<std::int64_t>(left, 1'000'000))) > 0;
}

}  // namespace

Result<Client> Client::connect(const std::string& path) {
  auto fd = connect_local(path, SOCK_STREAM);
  if (!fd) return std::unexpected(fd.error());
  return Client(std::move(*fd));
}

Result<nlohmann::json> Client::ask(const std::string& command, Duration patience) {
  const Instant deadline = runtime::monotonic_now() + patience;
  const std::string request = as_line({{"command", command}});
  if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
    return fail_errno(errno, "control request");
  }
  std::string answer;
  constexpr std::size_t answer_bytes_max = 256u << 20;
  while (answer.size() < answer_bytes_max && !answer.ends_with('\n')) {
    if (!wait_for(fd_.get(), POLLIN, deadline)) return fail(ErrorKind::timed_out, "control answer");
    char bytes[65536];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got == 0) return fail(ErrorKind::closed, "control answer");
    if (got < 0 && errno != EAGAIN && errno != EINTR) return fail_errno(errno, "control answer");
    if (got > 0) answer.append(bytes, static_cast<std::size_t>(got));
  }
  auto value = parse_json(answer);
  if (!value.is_object()) return fail(ErrorKind::malformed, "control answer");
  return value;
}

bool Client::wait_for_end(Duration patience) {
  const Instant deadline = runtime::monotonic_now() + patience;
  while (wait_for(fd_.get(), POLLIN, deadline)) {
    char bytes[512];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return true;
  }
  return false;
}

std::vector<std::string> control_sockets(const std::string& run_directory) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(run_directory, error)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("control") && name.ends_with(".sock")) paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace baton::control
