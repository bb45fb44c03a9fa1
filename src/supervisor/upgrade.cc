// Environment variables, one fork, one exec.

#include "supervisor/upgrade.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "runtime/signals.h"
#include "supervisor/child_process.h"

namespace baton::supervisor {

namespace {

constexpr const char* sockets_variable = "NGINX";
constexpr const char* link_variable = "BATON_UPGRADE";
constexpr std::size_t sockets_max = 65536;

bool is_listening(int fd) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value != 0;
}

void keep_over_exec(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  ::fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC);
}

std::optional<int> parse_descriptor(std::string_view text) {
  const auto number = parse_unsigned(text, INT32_MAX);
  if (!number || *number < 3) return std::nullopt;
  return static_cast<int>(*number);
}

// The environment of the new binary: ours, with what is for it alone.
std::vector<std::string> environment_for(const NewBinary& binary, int link) {
  std::vector<std::string> result;
  for (char** each = environ; *each; ++each) {
    const std::string_view text = *each;
    if (!text.starts_with("NGINX=") && !text.starts_with("BATON_UPGRADE=")) {
      result.emplace_back(text);
    }
  }
  std::string sockets = "NGINX=";
  for (const int fd : binary.sockets) sockets += fmt::format("{};", fd);
  result.push_back(std::move(sockets));
  result.push_back(fmt::format("{}={}", link_variable, link));
  return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

[[noreturn]] void execute(const NewBinary& binary, Log& log, int link) {
  std::vector<std::string> words{binary.program};
  words.insert(words.end(), binary.arguments.begin(), binary.arguments.end());
  std::vector<std::string> environment = environment_for(binary, link);
  for (const int fd : binary.sockets) keep_over_exec(fd);
  keep_over_exec(link);
  runtime::unblock_all_signals();
  ::signal(SIGPIPE, SIG_DFL);
  ::execvpe(binary.program.c_str(), pointers_to(words).data(), pointers_to(environment).data());
  log.print(LogLevel::alert, "execve() failed while executing new binary process \"{}\" ({}: {})",
            binary.program, errno, std::strerror(errno));
  ::_exit(1);
}

}  // namespace

std::optional<Inheritance> take_inheritance() {
  const char* listed = std::getenv(sockets_variable);
  if (!listed) return std::nullopt;
  Inheritance result;
  result.text = listed;
  for (const std::string_view word : split(result.text, ';')) {
    const auto fd = parse_descriptor(word);
    if (!fd || !is_listening(*fd) || result.sockets.size() >= sockets_max) continue;
    ::fcntl(*fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(*fd, F_SETFL, ::fcntl(*fd, F_GETFL) | O_NONBLOCK);
    result.sockets.emplace_back(*fd);
  }
  if (const char* link = std::getenv(link_variable)) {
    if (const auto fd = parse_descriptor(link); fd && ::fcntl(*fd, F_SETFD, FD_CLOEXEC) == 0) {
      result.link = runtime::Fd(*fd);
    }
  }
  ::unsetenv(sockets_variable);
  ::unsetenv(link_variable);
  return result;
}

Result<pid_t> start_new_binary(const NewBinary& binary, Log& log, runtime::Fd& link) {
  auto pair = ipc::make_channel_pair();
  if (!pair) return std::unexpected(pair.error());
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, "fork");
  if (pid == 0) execute(binary, log, pair->second.get());
  link = std::move(pair->first);
  return pid;
}

UpgradeLink::UpgradeLink(runtime::Loop& loop, runtime::TaskScope& scope, runtime::Fd fd,
                         TakeClients take)
    : loop_(loop), state_(new State{ipc::Channel(loop, std::move(fd)), std::move(take), false}) {
  scope.spawn(listen(state_));
}

void UpgradeLink::tell_ready(bool serves) {
  static_cast<void>(state_->channel.send(ipc::MessageType::ready, serves ? 1 : 0));
}

void UpgradeLink::send_clients(ipc::Message message) {
  static_cast<void>(state_->channel.send(std::move(message)));
}

runtime::Task<void> UpgradeLink::flushed(Instant deadline) {
  while (!state_->channel.flushed() && loop_.now() < deadline) co_await loop_.sleep_for(10ms);
}

runtime::Task<void> UpgradeLink::listen(std::shared_ptr<State> state) {
  while (true) {
    auto message = co_await state->channel.receive();
    if (!message) break;
    if (message->type == ipc::MessageType::ready) state->ready = message->number == 1;
    if (message->type == ipc::MessageType::clients) state->take(std::move(*message));
  }
  state->ready = false;
}

}  // namespace baton::supervisor
