// Connector messages and /proc.

#include "linux/process_events.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/text.h"

namespace baton::linux {

namespace {

constexpr int receive_buffer_size = 1024 * 1024;
constexpr std::size_t longest_command_line = 4096;

Status ask_for_events(int fd) {
  alignas(nlmsghdr) char request[NLMSG_SPACE(sizeof(cn_msg) + sizeof(proc_cn_mcast_op))] = {};
  auto* header = reinterpret_cast<nlmsghdr*>(request);
  header->nlmsg_len = NLMSG_LENGTH(sizeof(cn_msg) + sizeof(proc_cn_mcast_op));
  header->nlmsg_type = NLMSG_DONE;
  header->nlmsg_pid = static_cast<std::uint32_t>(::getpid());
  auto* message = static_cast<cn_msg*>(NLMSG_DATA(header));
  message->id.idx = CN_IDX_PROC;
  message->id.val = CN_VAL_PROC;
  message->len = sizeof(proc_cn_mcast_op);
  const proc_cn_mcast_op operation = PROC_CN_MCAST_LISTEN;
  std::memcpy(message->data, &operation, sizeof operation);
  if (::send(fd, request, header->nlmsg_len, 0) < 0) return fail_errno(errno, "process connector");
  return {};
}

// Threads come and go without being told of.
std::optional<ProcessEvent> read_event(const proc_event& event) {
  using Kind = ProcessEvent::Kind;
  switch (event.what) {
    case proc_event::PROC_EVENT_FORK: {
      const auto& fork = event.event_data.fork;
      if (fork.child_pid != fork.child_tgid) return std::nullopt;
      return ProcessEvent{Kind::forked, fork.child_tgid, fork.parent_tgid};
    }
    case proc_event::PROC_EVENT_EXEC:
      return ProcessEvent{Kind::changed, event.event_data.exec.process_tgid, 0};
    case proc_event::PROC_EVENT_COMM: {
      const auto& comm = event.event_data.comm;
      if (comm.process_pid != comm.process_tgid) return std::nullopt;
      return ProcessEvent{Kind::changed, comm.process_tgid, 0};
    }
    case proc_event::PROC_EVENT_EXIT: {
      const auto& exit = event.event_data.exit;
      if (exit.process_pid != exit.process_tgid) return std::nullopt;
      return ProcessEvent{Kind::ended, exit.process_tgid, 0};
    }
    default:
      return std::nullopt;
  }
}

// The beginning of a file of /proc; nothing when it cannot be read.
std::optional<std::string> read_start(const std::string& path, std::size_t most) {
  const runtime::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text(most, '\0');
  const ssize_t size = ::read(file.get(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::vector<std::string> split_arguments(const std::string& text) {
  std::vector<std::string> arguments;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    arguments.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return arguments;
}

}  // namespace

Result<ProcessEvents> ProcessEvents::open() {
  runtime::Fd fd(
      ::socket(PF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR));
  if (!fd) return fail_errno(errno, "process connector");
  static_cast<void>(::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_buffer_size,
                                 sizeof receive_buffer_size));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "process connector");
  }
  if (const Status asked = ask_for_events(fd.get()); !asked) {
    return std::unexpected(asked.error());
  }
  return ProcessEvents(std::move(fd));
}

bool ProcessEvents::read(const std::function<void(const ProcessEvent&)>& visit, int most) {
  alignas(nlmsghdr) char buffer[4096];
  for (int count = 0; count < most; ++count) {
    const ssize_t size = ::recv(watched_, buffer, sizeof buffer, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) {
      visit(ProcessEvent{});
      continue;
    }
    if (size <= 0) return true;
    constexpr std::size_t header = NLMSG_HDRLEN + sizeof(cn_msg);
    if (static_cast<std::size_t>(size) < header + offsetof(proc_event, event_data)) continue;
    cn_msg message;
    std::memcpy(&message, buffer + NLMSG_HDRLEN, sizeof message);
    if (message.id.idx != CN_IDX_PROC || message.id.val != CN_VAL_PROC) continue;
    proc_event event{};
    std::memcpy(&event, buffer + header,
                std::min(sizeof event, static_cast<std::size_t>(size) - header));
    if (const auto found = read_event(event)) visit(*found);
  }
  return false;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  const auto close = [](DIR* folder) { ::closedir(folder); };
  const std::unique_ptr<DIR, decltype(close)> folder(::opendir("/proc"), close);
  if (!folder) return pids;
  while (const dirent* entry = ::readdir(folder.get())) {
    if (const auto pid = parse_unsigned(entry->d_name, INT32_MAX)) {
      pids.push_back(static_cast<pid_t>(*pid));
    }
  }
  return pids;
}

std::optional<ProcessNames> read_process(pid_t pid, bool with_arguments) {
  const std::string folder = "/proc/" + std::to_string(pid);
  // "PID (comm) S ..."; the name may hold anything, also a parenthesis.
  const auto stat = read_start(folder + "/stat", 512);
  if (!stat) return std::nullopt;
  const std::size_t open = stat->find('(');
  const std::size_t close = stat->rfind(')');
  if (open == std::string::npos || close == std::string::npos || close + 2 >= stat->size()) {
    return std::nullopt;
  }
  const char state = (*stat)[close + 2];
  if (state == 'Z' || state == 'X') return std::nullopt;
  ProcessNames names{stat->substr(open + 1, close - open - 1), {}};
  if (!with_arguments) return names;
  if (const auto line = read_start(folder + "/cmdline", longest_command_line)) {
    names.arguments = split_arguments(*line);
  }
  return names;
}

}  // namespace baton::linux
