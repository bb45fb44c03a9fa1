// The will's text, and the process that carries it out.

#include "failover/last_will.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "linux/links.h"
#include "net/bytes.h"

namespace baton::failover {

namespace {

constexpr std::size_t message_bytes_max = 65536;

void write_address(net::ByteWriter& writer, const net::IpAddress& address) {
  writer.u8(static_cast<std::uint8_t>(address.bytes().size()));
  writer.append(address.bytes());
}

net::IpAddress read_address(net::ByteReader& reader) {
  if (reader.u8() == 4) {
    const auto bytes = reader.take(4);
    return bytes.empty() ? net::IpAddress() : net::IpAddress::ipv4(bytes.first<4>());
  }
  const auto bytes = reader.take(16);
  return bytes.empty() ? net::IpAddress() : net::IpAddress::ipv6(bytes.first<16>());
}

void write_text(net::ByteWriter& writer, std::span<const std::uint8_t> text) {
  writer.u16(static_cast<std::uint16_t>(text.size()));
  writer.append(text);
}

std::span<const std::uint8_t> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text_of(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void carry_out(linux::Netlink* netlink, const Bequest& bequest) {
  for (const auto& address : bequest.addresses) {
    if (netlink) static_cast<void>(netlink->remove_address(address.link, address.prefix));
  }
  auto socket = linux::VrrpSocket::open(bequest.endpoint);
  if (!socket) return;
  for (const auto& goodbye : bequest.goodbyes) {
    static_cast<void>(
        socket->send({goodbye.bytes, goodbye.source, goodbye.destination, goodbye.hop_limit}));
  }
}

// Waits for the end of the line, and writes down what comes over it until then.
[[noreturn]] void execute(int line) {
  std::map<std::string, Bequest> bequests;
  std::vector<std::uint8_t> buffer(message_bytes_max);
  for (;;) {
    const ssize_t size = ::recv(line, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    net::ByteReader reader(std::span(buffer).first(static_cast<std::size_t>(size)));
    const std::string holder = text_of(reader.take(reader.u16()));
    auto bequest = Bequest::decode(reader.take(reader.left()));
    if (bequest) {
      bequests[holder] = std::move(*bequest);
    } else {
      bequests.erase(holder);
    }
  }
  auto netlink = linux::Netlink::open();
  for (const auto& [holder, bequest] : bequests) {
    carry_out(netlink ? &*netlink : nullptr, bequest);
  }
  ::_exit(0);
}

// Nothing of the one that dies may be kept alive by the one that waits for it.
void keep_only(int line) {
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2}) ::dup2(null, fd);
  if (line > 3) ::close_range(3, static_cast<unsigned>(line) - 1, 0);
  ::close_range(static_cast<unsigned>(line) + 1, ~0u, 0);
}

}  // namespace

std::vector<std::uint8_t> Bequest::encode() const {
  net::ByteWriter writer;
  writer.u16(static_cast<std::uint16_t>(addresses.size()));
  for (const auto& address : addresses) {
    writer.u32(static_cast<std::uint32_t>(address.link));
    write_address(writer, address.prefix.address);
    writer.u8(address.prefix.length);
  }
  write_text(writer, bytes_of(endpoint.interface));
  writer.u32(static_cast<std::uint32_t>(endpoint.link));
  write_address(writer, endpoint.receive_address);
  writer.u8(endpoint.protocol);
  writer.u16(static_cast<std::uint16_t>(goodbyes.size()));
  for (const auto& goodbye : goodbyes) {
    write_address(writer, goodbye.source);
    write_address(writer, goodbye.destination);
    writer.u8(goodbye.hop_limit);
    write_text(writer, goodbye.bytes);
  }
  return writer.take();
}

std::optional<Bequest> Bequest::decode(std::span<const std::uint8_t> bytes) {
  net::ByteReader reader(bytes);
  Bequest bequest;
  for (unsigned left = reader.u16(); left > 0 && reader.ok(); --left) {
    Address address;
    address.link = static_cast<int>(reader.u32());
    address.prefix.address = read_address(reader);
    address.prefix.length = reader.u8();
    bequest.addresses.push_back(address);
  }
  bequest.endpoint.interface = text_of(reader.take(reader.u16()));
  bequest.endpoint.link = static_cast<int>(reader.u32());
  bequest.endpoint.receive_address = read_address(reader);
  bequest.endpoint.protocol = reader.u8();
  for (unsigned left = reader.u16(); left > 0 && reader.ok(); --left) {
    Goodbye goodbye;
    goodbye.source = read_address(reader);
    goodbye.destination = read_address(reader);
    goodbye.hop_limit = reader.u8();
    const auto packet = reader.take(reader.u16());
    goodbye.bytes.assign(packet.begin(), packet.end());
    bequest.goodbyes.push_back(std::move(goodbye));
  }
  if (!reader.ok() || reader.left() > 0) return std::nullopt;
  return bequest;
}

// An executor with nothing to do ends by itself.
LastWill::~LastWill() {
  revoke_all();
}

void LastWill::leave(const std::string& holder, Bequest bequest) {
  Bequest& known = bequests_[holder];
  if (line_ && known == bequest) return;
  known = std::move(bequest);
  if (!line_) return appoint();
  send(holder, known.encode());
}

void LastWill::revoke(const std::string& holder) {
  if (bequests_.erase(holder) > 0) send(holder, {});
}

void LastWill::revoke_all() {
  while (!bequests_.empty()) revoke(std::string(bequests_.begin()->first));
}

void LastWill::tend() {
  if (executor_ > 0 && ::waitpid(executor_, nullptr, WNOHANG) != 0) {
    executor_ = 0;
    line_.reset();
  }
  if (!line_ && !bequests_.empty()) appoint();
}

void LastWill::appoint() {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) != 0) return;
  runtime::Fd ours(pair[0]);
  runtime::Fd theirs(pair[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);
  const pid_t pid = ::fork();
  if (pid < 0) {
    if (!std::exchange(told_, true)) {
      log_.print(LogLevel::warning, "no executor: {}", describe(fail_errno(errno, "fork").error()));
    }
    return;
  }
  if (pid == 0) {
    // Neither a signal to the group nor one to everybody of the tree by name is meant for it.
    ::setsid();
    ::prctl(PR_SET_NAME, executor_name, 0, 0, 0);
    if (rename_) rename_();
    keep_only(theirs.get());
    execute(theirs.get());
  }
  executor_ = pid;
  line_ = std::move(ours);
  for (const auto& [holder, bequest] : bequests_) send(holder, bequest.encode());
}

// A line that is full or broken belongs to an executor that is not there: tend() gets another one.
void LastWill::send(const std::string& holder, std::span<const std::uint8_t> bequest) {
  if (!line_) return;
  net::ByteWriter writer;
  write_text(writer, bytes_of(holder));
  writer.append(bequest);
  const auto bytes = writer.bytes();
  if (bytes.size() > message_bytes_max) return;
  if (::send(line_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) >= 0) return;
  if (executor_ > 0) ::kill(executor_, SIGKILL);
}

}  // namespace baton::failover
