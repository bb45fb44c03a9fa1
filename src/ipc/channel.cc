// Datagrams of a fixed head and a text; a text over inline_max travels as a memfd which is the
// last descriptor of the datagram.

#include "ipc/channel.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace baton::ipc {

namespace {

constexpr std::size_t inline_max = 16384;
constexpr std::size_t text_max = 256u << 20;

struct Head {
  std::uint32_t magic;
  std::uint8_t type;
  std::uint8_t text_in_memfd;
  std::uint16_t fds;
  std::uint64_t number;
  std::uint64_t second;
};
constexpr std::uint32_t head_magic = 0x6261746e;

Result<runtime::Fd> text_to_memfd(const std::string& text) {
  runtime::Fd fd(::memfd_create("baton-message", MFD_CLOEXEC));
  if (!fd) return fail_errno(errno, "memfd_create");
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count = ::write(fd.get(), text.data() + done, text.size() - done);
    if (count <= 0) return fail_errno(errno, "write to memfd");
    done += static_cast<std::size_t>(count);
  }
  return fd;
}

Result<std::string> memfd_to_text(const runtime::Fd& fd) {
  const off_t size = ::lseek(fd.get(), 0, SEEK_END);
  if (size < 0 || static_cast<std::size_t>(size) > text_max) {
    return fail(ErrorKind::malformed, "message text");
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t count =
        ::pread(fd.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
    if (count <= 0) return fail(ErrorKind::malformed, "message text");
    done += static_cast<std::size_t>(count);
  }
  return text;
}

using ControlBuffer = char[CMSG_SPACE(sizeof(int) * (Channel::fds_max + 1))];

void put_fds(msghdr& header, ControlBuffer& control, const std::vector<int>& fds) {
  if (fds.empty()) return;
  header.msg_control = control;
  header.msg_controllen = CMSG_SPACE(sizeof(int) * fds.size());
  cmsghdr* item = CMSG_FIRSTHDR(&header);
  item->cmsg_level = SOL_SOCKET;
  item->cmsg_type = SCM_RIGHTS;
  item->cmsg_len = CMSG_LEN(sizeof(int) * fds.size());
  std::memcpy(CMSG_DATA(item), fds.data(), sizeof(int) * fds.size());
}

std::vector<runtime::Fd> take_fds(msghdr& header) {
  std::vector<runtime::Fd> fds;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

Result<Message> decode(std::string_view bytes, std::vector<runtime::Fd> fds) {
  Head head{};
  if (bytes.size() < sizeof head) return fail(ErrorKind::malformed, "message head");
  std::memcpy(&head, bytes.data(), sizeof head);
  if (head.magic != head_magic || fds.size() != head.fds + (head.text_in_memfd ? 1u : 0u)) {
    return fail(ErrorKind::malformed, "message head");
  }
  Message message;
  message.type = static_cast<MessageType>(head.type);
  message.number = head.number;
  message.second = head.second;
  message.text = bytes.substr(sizeof head);
  if (head.text_in_memfd) {
    auto text = memfd_to_text(fds.back());
    if (!text) return std::unexpected(text.error());
    message.text = std::move(*text);
    fds.pop_back();
  }
  message.fds = std::move(fds);
  return message;
}

// Takes one datagram; empty when none is there.
struct ReceiveMessage {
  static constexpr runtime::Direction direction = runtime::Direction::read;
  using Value = Message;
  std::optional<Result<Message>> attempt(runtime::Source& source) {
    char bytes[sizeof(Head) + inline_max];
    alignas(cmsghdr) ControlBuffer control;
    iovec piece{bytes, sizeof bytes};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    ssize_t got = 0;
    do {
      got = ::recvmsg(source.fd(), &header, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      source.clear_ready(runtime::Direction::read);
      return std::nullopt;
    }
    if (got < 0) return Result<Message>(fail_errno(errno, "recvmsg"));
    auto fds = take_fds(header);
    if (got == 0) return Result<Message>(fail(ErrorKind::closed));
    return decode({bytes, static_cast<std::size_t>(got)}, std::move(fds));
  }
};

}  // namespace

Result<std::pair<runtime::Fd, runtime::Fd>> make_channel_pair() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) {
    return fail_errno(errno, "socketpair");
  }
  return std::pair{runtime::Fd(fds[0]), runtime::Fd(fds[1])};
}

// Sends on when the socket takes bytes again.
class Channel::Flusher final : public runtime::Waiter {
 public:
  explicit Flusher(Channel& channel) : channel_(channel) {}
  void run() override {
    channel_.source_.forget(runtime::Direction::write);
    channel_.flush();
  }

 private:
  Channel& channel_;
};

Channel::Channel(runtime::Loop& loop, runtime::Fd fd)
    : source_(loop, std::move(fd)), flusher_(std::make_unique<Flusher>(*this)) {}

Channel::~Channel() {
  source_.forget(runtime::Direction::write);
}

Status Channel::send(MessageType type, std::uint64_t number, std::string text) {
  Message message;
  message.type = type;
  message.number = number;
  message.text = std::move(text);
  return send(std::move(message));
}

Status Channel::send(Message message) {
  BATON_ASSERT(message.fds.size() <= fds_max);
  if (!queue_.empty()) {
    if (queue_.size() >= queued_max) return fail(ErrorKind::too_large, "message queue");
    queue_.push_back(std::move(message));
    return {};
  }
  bool would_block = false;
  const Status sent = send_now(message, would_block);
  if (!would_block) return sent;
  queue_.push_back(std::move(message));
  source_.await_ready(runtime::Direction::write, *flusher_);
  return {};
}

Status Channel::send_now(const Message& message, bool& would_block) {
  Head head{head_magic,
            static_cast<std::uint8_t>(message.type),
            0,
            static_cast<std::uint16_t>(message.fds.size()),
            message.number,
            message.second};
  std::vector<int> fds;
  fds.reserve(message.fds.size() + 1);
  for (const auto& fd : message.fds) fds.push_back(fd.get());
  runtime::Fd memfd;
  iovec pieces[2] = {{&head, sizeof head},
                     {const_cast<char*>(message.text.data()), message.text.size()}};
  if (message.text.size() > inline_max) {
    auto made = text_to_memfd(message.text);
    if (!made) return std::unexpected(made.error());
    memfd = std::move(*made);
    head.text_in_memfd = 1;
    fds.push_back(memfd.get());
    pieces[1].iov_len = 0;
  }
  alignas(cmsghdr) ControlBuffer control{};
  msghdr header{};
  header.msg_iov = pieces;
  header.msg_iovlen = 2;
  put_fds(header, control, fds);
  while (::sendmsg(source_.fd(), &header, MSG_NOSIGNAL) < 0) {
    if (errno == EINTR) continue;
    would_block = errno == EAGAIN || errno == EWOULDBLOCK || errno == ETOOMANYREFS;
    if (would_block) source_.clear_ready(runtime::Direction::write);
    return fail_errno(errno, "send to the other process");
  }
  return {};
}

void Channel::flush() {
  while (!queue_.empty()) {
    bool would_block = false;
    const Status sent = send_now(queue_.front(), would_block);
    if (would_block) {
      source_.await_ready(runtime::Direction::write, *flusher_);
      return;
    }
    if (!sent) queue_.clear();  // the other end is gone: receive() tells
    if (!queue_.empty()) queue_.pop_front();
  }
}

runtime::Task<Result<Message>> Channel::receive(Instant deadline) {
  runtime::Wait<ReceiveMessage> wait(source_, deadline, {});
  co_return co_await wait;
}

}  // namespace baton::ipc
