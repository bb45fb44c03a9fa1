// Both ends of the link.

#include "supervisor/failover_link.h"

#include <sys/socket.h>

#include <algorithm>
#include <map>

#include "control/local_socket.h"

namespace baton::supervisor {

Status FailoverLinkServer::listen(const std::string& path) {
  return listener_.listen(path, SOCK_SEQPACKET);
}

runtime::Task<void> FailoverLinkServer::serve(runtime::Fd fd) {
  log_.write(LogLevel::info, "a proxy has announced itself");
  ipc::Channel channel(loop_, std::move(fd));
  channels_.push_back(&channel);
  if (!leaving_.empty()) {
    static_cast<void>(channel.send(ipc::MessageType::addresses_leave, 0, leaving_));
  }
  std::map<std::uint64_t, std::uint64_t> numbers;  // theirs -> ours
  for (;;) {
    auto message = co_await channel.receive();
    if (!message) break;
    if (message->type == ipc::MessageType::proxy_attached && message->fds.size() == 2) {
      const std::uint64_t number = next_number_++;
      numbers[message->number] = number;
      receiver_.attach(number, std::move(message->fds[0]), std::move(message->fds[1]));
    } else if (message->type == ipc::MessageType::proxy_retired) {
      const auto known = numbers.find(message->number);
      if (known == numbers.end()) continue;
      receiver_.retire(known->second, message->second != 0);
      numbers.erase(known);
    }
  }
  std::erase(channels_, &channel);
  // Without a word of farewell the proxy has crashed: its life line tells the rest.
}

void FailoverLinkServer::tell_leaving(const std::string& addresses, bool close_idle) {
  leaving_ = addresses;
  for (ipc::Channel* channel : channels_) {
    static_cast<void>(
        channel->send(ipc::MessageType::addresses_leave, close_idle ? 1 : 0, addresses));
  }
}

void FailoverLinkClient::attach(std::uint64_t number, runtime::Fd page, runtime::Fd life) {
  attached_.push_back({number, std::move(page), std::move(life)});
  tell(attached_.back());
}

void FailoverLinkClient::retire(std::uint64_t number, bool last) {
  std::erase_if(attached_, [&](const Attached& proxy) { return proxy.number <= number; });
  if (!channel_) return;
  ipc::Message message;
  message.type = ipc::MessageType::proxy_retired;
  message.number = number;
  message.second = last;
  static_cast<void>(channel_->send(std::move(message)));
}

void FailoverLinkClient::tell(const Attached& proxy) {
  if (!channel_) return;
  ipc::Message message;
  message.type = ipc::MessageType::proxy_attached;
  message.number = proxy.number;
  message.fds.emplace_back(::dup(proxy.page.get()));
  message.fds.emplace_back(::dup(proxy.life.get()));
  static_cast<void>(channel_->send(std::move(message)));
}

runtime::Task<void> FailoverLinkClient::keep_connected() {
  while (!loop_.cancelled()) {
    auto fd = control::connect_local(path_, SOCK_SEQPACKET);
    if (fd) {
      channel_ = std::make_unique<ipc::Channel>(loop_, std::move(*fd));
      for (const auto& proxy : attached_) tell(proxy);
      for (;;) {
        const auto message = co_await channel_->receive();
        if (!message) break;
        if (message->type == ipc::MessageType::addresses_leave) {
          on_leaving_(message->text, message->number == 1);
        }
      }
      channel_.reset();
      on_leaving_("", false);
    }
    static_cast<void>(co_await loop_.sleep_for(retry_interval));
  }
}

}  // namespace baton::supervisor
