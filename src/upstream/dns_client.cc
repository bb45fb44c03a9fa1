// c-ares on the loop.

#include "upstream/dns_client.h"

#include <ares.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <utility>

#include "base/assert.h"

namespace baton::upstream {

namespace {

constexpr int first_timeout_ms = 2000;  // doubled in each round
constexpr int rounds = 4;
constexpr std::size_t questions_max = 8192;

void start_library() {
  static std::once_flag once;
  std::call_once(once, [] { ::ares_library_init(ARES_LIB_INIT_ALL); });
}

std::uint16_t random_id() {
  std::uint16_t id = 0;
  [[maybe_unused]] const ssize_t got = ::getrandom(&id, sizeof id, 0);
  return id;
}

int connect_socket(ares_socket_t fd, const sockaddr* address, ares_socklen_t size, void*) {
  return ::connect(fd, address, size);
}

ares_ssize_t send_pieces(ares_socket_t fd, const iovec* pieces, int count, void*) {
  return ::writev(fd, pieces, count);
}

}  // namespace

// One of c-ares's sockets. Level-triggered: c-ares reads a stream piece by piece.
struct DnsClient::Socket final : runtime::Waiter {
  Socket(DnsClient& owner, runtime::Fd fd, bool write)
      : client(owner),
        source(owner.loop_, std::move(fd), runtime::Trigger::level),
        wants_write(write) {
    watch();
  }
  ~Socket() { forget(); }
  void watch() {
    source.await_ready(runtime::Direction::read, *this);
    if (wants_write) source.await_ready(runtime::Direction::write, *this);
  }
  void forget() {
    source.forget(runtime::Direction::read);
    source.forget(runtime::Direction::write);
    unlink();
  }
  void run() override { client.process(*this); }

  DnsClient& client;
  runtime::Source source;
  bool wants_write;
};

struct DnsClient::Question {
  DnsClient& client;
  std::uint16_t id;
  Handler handler;
  std::optional<DnsStatus> code;  // of the last answer that refused
};

DnsClient::DnsClient(runtime::Loop& loop, const std::vector<net::Endpoint>& servers)
    : loop_(loop), timer_(loop, [this] {
        ::ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
        after_processing();
      }) {
  start_library();
  if (!open_channel(servers) && channel_) {
    ::ares_destroy(channel_);
    channel_ = nullptr;
  }
}

DnsClient::~DnsClient() {
  ending_ = true;
  if (channel_) ::ares_destroy(channel_);
}

bool DnsClient::open_channel(const std::vector<net::Endpoint>& servers) {
  ares_options options{};
  char lookups[] = "b";
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.timeout = first_timeout_ms;
  options.tries = rounds;
  options.lookups = lookups;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int read, int write) {
    static_cast<DnsClient*>(self)->want(fd, read != 0, write != 0);
  };
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                   ARES_OPT_DOMAINS | ARES_OPT_SOCK_STATE_CB | ARES_OPT_ROTATE;
  if (::ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) return false;
  static const ares_socket_functions functions = {
      open_socket, close_socket, connect_socket,
      [](ares_socket_t fd, void* into, std::size_t size, int flags, sockaddr* from,
         ares_socklen_t* from_size, void* self) -> ares_ssize_t {
        const ssize_t got = ::recvfrom(fd, into, size, flags, from, from_size);
        if (got > 0 && from) {
          static_cast<DnsClient*>(self)->note_code(
              {static_cast<const std::uint8_t*>(into), static_cast<std::size_t>(got)});
        }
        return got;
      },
      send_pieces};
  ::ares_set_socket_functions(channel_, &functions, this);

  std::vector<ares_addr_port_node> nodes(servers.size());
  for (std::size_t i = 0; i < servers.size(); ++i) {
    const auto bytes = servers[i].address.bytes();
    nodes[i] = {};
    nodes[i].next = i + 1 < servers.size() ? &nodes[i + 1] : nullptr;
    nodes[i].family = servers[i].address.is_ipv4() ? AF_INET : AF_INET6;
    std::copy(bytes.begin(), bytes.end(), reinterpret_cast<std::uint8_t*>(&nodes[i].addr));
    nodes[i].udp_port = nodes[i].tcp_port = servers[i].port;
  }
  return !nodes.empty() && ::ares_set_servers_ports(channel_, nodes.data()) == ARES_SUCCESS;
}

int DnsClient::open_socket(int family, int type, int protocol, void*) {
  return ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
}

int DnsClient::close_socket(int fd, void* client) {
  auto& self = *static_cast<DnsClient*>(client);
  if (self.sockets_.contains(fd)) {
    self.drop_socket(fd);
  } else {
    ::close(fd);
  }
  return 0;
}

// c-ares tells what it waits for on a socket; nothing: it is about to close it.
void DnsClient::want(int fd, bool read, bool write) {
  const auto place = sockets_.find(fd);
  if (place == sockets_.end()) {
    if (!read && !write) return;
    sockets_.emplace(fd, std::make_unique<Socket>(*this, runtime::Fd(fd), write));
    return;
  }
  Socket& socket = *place->second;
  if (!read && !write) return socket.forget();
  if (socket.wants_write == write) return;
  // A Source goes on watching for writes once it has begun, so it is made anew.
  socket.forget();
  runtime::Fd taken = socket.source.release();
  closed_.push_back(std::move(place->second));
  place->second = std::make_unique<Socket>(*this, std::move(taken), write);
}

void DnsClient::drop_socket(int fd) {
  const auto place = sockets_.find(fd);
  place->second->forget();
  const runtime::Fd closing = place->second->source.release();
  closed_.push_back(std::move(place->second));
  sockets_.erase(place);
}

void DnsClient::note_code(std::span<const std::uint8_t> datagram) {
  if (datagram.size() < 4) return;
  const int code = datagram[3] & 0xf;
  const auto question = questions_.find(static_cast<std::uint16_t>(datagram[0] << 8 | datagram[1]));
  if (question == questions_.end()) return;
  if (code == 2) question->second->code = DnsStatus::server_failure;
  if (code == 4) question->second->code = DnsStatus::not_implemented;
  if (code == 5) question->second->code = DnsStatus::refused;
}

void DnsClient::process(Socket& socket) {
  if (socket.source.cancelled()) {
    ::ares_cancel(channel_);
    return after_processing();
  }
  const int fd = socket.source.fd();
  const bool read = socket.source.ready(runtime::Direction::read);
  const bool write = socket.wants_write && socket.source.ready(runtime::Direction::write);
  socket.source.clear_ready(runtime::Direction::read);
  socket.source.clear_ready(runtime::Direction::write);
  ::ares_process_fd(channel_, read ? fd : ARES_SOCKET_BAD, write ? fd : ARES_SOCKET_BAD);
  const auto place = sockets_.find(fd);
  if (place != sockets_.end() && place->second.get() == &socket) socket.watch();
  after_processing();  // may destroy `socket`
}

void DnsClient::after_processing() {
  closed_.clear();
  timeval wait{};
  if (const timeval* next = ::ares_timeout(channel_, nullptr, &wait)) {
    // A millisecond more, so that it is due by c-ares's clock as well.
    timer_.arm_after(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec) +
                     1ms);
  } else {
    timer_.cancel();
  }
}

void DnsClient::on_answer(void* asked, int status, int, unsigned char* bytes, int size) {
  const std::unique_ptr<Question> question(static_cast<Question*>(asked));
  question->client.questions_.erase(question->id);
  if (question->client.ending_) return;
  DnsReply reply;
  switch (status) {
    case ARES_SUCCESS:
      reply.kind = DnsReply::Kind::answered;
      reply.message = {bytes, static_cast<std::size_t>(size)};
      break;
    case ARES_ETIMEOUT:
      reply.kind = DnsReply::Kind::timed_out;
      reply.status = DnsStatus::timed_out;
      break;
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      reply.kind = DnsReply::Kind::cancelled;
      reply.status = DnsStatus::cancelled;
      break;
    default:
      reply.kind = question->code ? DnsReply::Kind::failed : DnsReply::Kind::unreachable;
      reply.status = question->code.value_or(DnsStatus::server_failure);
  }
  question->handler(reply);
}

void DnsClient::ask(const std::string& name, DnsType type, Handler handler) {
  if (!channel_ || questions_.size() >= questions_max) {
    return handler({DnsReply::Kind::failed, DnsStatus::server_failure, {}});
  }
  std::uint16_t id = random_id();
  while (questions_.contains(id)) ++id;
  unsigned char* message = nullptr;
  int size = 0;
  constexpr int recursion_desired = 1;
  constexpr int class_internet = 1;
  // c-ares takes "\" for an escape; a name with it cannot be meant.
  if (name.empty() || name.find('\\') != std::string::npos ||
      ::ares_mkquery(name.c_str(), class_internet, static_cast<int>(type), id, recursion_desired,
                     &message, &size) != ARES_SUCCESS) {
    return handler({DnsReply::Kind::bad_name, DnsStatus::not_found, {}});
  }
  auto question = std::make_unique<Question>(*this, id, std::move(handler), std::nullopt);
  questions_[id] = question.get();
  ::ares_send(channel_, message, size, on_answer, question.release());
  ::ares_free_string(message);
  after_processing();
}

}  // namespace baton::upstream
