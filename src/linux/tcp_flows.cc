// Asking sock_diag, piece by piece.

#include "linux/tcp_flows.h"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "runtime/listen.h"

namespace baton::linux {

namespace {

constexpr std::uint32_t new_syn_received = 12;  // the kernel's TCP_NEW_SYN_RECV
constexpr std::uint32_t wanted_states =
    1u << TCP_ESTABLISHED | 1u << TCP_SYN_RECV | 1u << TCP_FIN_WAIT1 | 1u << TCP_FIN_WAIT2 |
    1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK | 1u << TCP_CLOSING | 1u << new_syn_received;

net::IpAddress address_of(int family, const void* bytes) {
  const auto* raw = static_cast<const std::uint8_t*>(bytes);
  if (family == AF_INET) return net::IpAddress::ipv4(std::span<const std::uint8_t, 4>(raw, 4));
  return runtime::unmapped(net::IpAddress::ipv6(std::span<const std::uint8_t, 16>(raw, 16)));
}

// The FIN counts as a byte that is sent.
bool has_closed(const inet_diag_msg& found) {
  const int state = found.idiag_state;
  if (state == TCP_FIN_WAIT2) return true;
  const bool is_closing = state == TCP_FIN_WAIT1 || state == TCP_CLOSING || state == TCP_LAST_ACK;
  return is_closing && found.idiag_wqueue <= 1;
}

// What a question carries along so that the kernel leaves out what is not asked for: one condition
// for each address, each with a way out to "yes", the last one with one to "no". The kernel checks
// the program along its "yes" ways, hence the jump between two conditions.
std::string filter_of(const std::vector<net::IpAddress>& locals) {
  struct Condition {
    inet_diag_bc_op operation;
    inet_diag_hostcond host;
  };
  std::string program;
  std::size_t left = 0;
  const auto size_of = [](const net::IpAddress& address) {
    return sizeof(Condition) + address.bytes().size();
  };
  for (const auto& address : locals) left += size_of(address) + sizeof(inet_diag_bc_op);
  left -= sizeof(inet_diag_bc_op);
  for (std::size_t i = 0; i < locals.size(); ++i) {
    const std::size_t size = size_of(locals[i]);
    Condition condition{};
    condition.operation.code = INET_DIAG_BC_S_COND;
    condition.operation.yes = static_cast<std::uint8_t>(size);
    // Behind the jump; at the last one, beyond the end.
    condition.operation.no = static_cast<std::uint16_t>(size + sizeof(inet_diag_bc_op));
    condition.host.family = locals[i].is_ipv4() ? AF_INET : AF_INET6;
    condition.host.prefix_len = static_cast<std::uint8_t>(locals[i].bytes().size() * 8);
    condition.host.port = -1;
    program.append(reinterpret_cast<const char*>(&condition), sizeof condition);
    for (const std::uint8_t byte : locals[i].bytes()) program += static_cast<char>(byte);
    left -= size;
    if (i + 1 == locals.size()) break;
    const inet_diag_bc_op jump{INET_DIAG_BC_JMP, sizeof(inet_diag_bc_op),
                               static_cast<std::uint16_t>(left)};
    program.append(reinterpret_cast<const char*>(&jump), sizeof jump);
    left -= sizeof jump;
  }
  return program;
}

// Beyond this the numbers of a filter do not fit, and all sockets are looked at here.
constexpr std::size_t filtered_max = 1000;
// The kernel fills a buffer at a time: some hundred sockets, half a millisecond.
constexpr std::size_t piece = std::size_t{16} * 1024;

}  // namespace

Result<TcpFlowListing> TcpFlowListing::begin(std::span<const net::IpAddress> locals) {
  runtime::Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!socket) return fail_errno(errno, "sock_diag socket");
  TcpFlowListing listing({locals.begin(), locals.end()}, std::move(socket));
  if (locals.empty()) return listing;
  listing.buffer_.resize(piece);
  const Status asked = listing.ask();
  if (!asked) return std::unexpected(asked.error());
  listing.more_ = true;
  return listing;
}

// The older question is for all families at once: the kernel walks through its table one time, not
// two, and that walk is what cannot be had in pieces. (Sockets for IPv6 also have connections over
// IPv4, so that both have to be asked for anyway.)
Status TcpFlowListing::ask() {
  struct {
    nlmsghdr header;
    inet_diag_req request;
  } question{};
  static_assert(sizeof question % NLMSG_ALIGNTO == 0);
  std::string bytes;
  if (locals_.size() <= filtered_max) {
    const std::string program = filter_of(locals_);
    nlattr attribute{};
    attribute.nla_len = static_cast<std::uint16_t>(sizeof attribute + program.size());
    attribute.nla_type = INET_DIAG_REQ_BYTECODE;
    bytes.assign(reinterpret_cast<const char*>(&attribute), sizeof attribute);
    bytes += program;
  }
  question.header.nlmsg_len = static_cast<std::uint32_t>(sizeof question + bytes.size());
  question.header.nlmsg_type = TCPDIAG_GETSOCK;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.idiag_family = AF_UNSPEC;
  question.request.idiag_states = wanted_states;
  bytes.insert(0, reinterpret_cast<const char*>(&question), sizeof question);
  if (::send(socket_.get(), bytes.data(), bytes.size(), 0) < 0) {
    return fail_errno(errno, "sock_diag");
  }
  return {};
}

Result<bool> TcpFlowListing::read_some(const std::function<void(const TcpFlow& flow)>& visit) {
  if (!more_) return false;
  // An answer is made as it is read: there is always some until its end.
  const ssize_t count = ::recv(socket_.get(), buffer_.data(), buffer_.size(), MSG_TRUNC);
  if (count < 0) return fail_errno(errno, "sock_diag");
  if (static_cast<std::size_t>(count) > buffer_.size()) {
    return fail(ErrorKind::too_large, "sock_diag");
  }
  int left = static_cast<int>(count);
  for (auto* one = reinterpret_cast<nlmsghdr*>(buffer_.data()); ::mnl_nlmsg_ok(one, left);
       one = ::mnl_nlmsg_next(one, &left)) {
    if (one->nlmsg_type == NLMSG_ERROR) return fail(ErrorKind::unavailable, "sock_diag");
    if (one->nlmsg_type == NLMSG_DONE) {
      more_ = false;
      return false;
    }
    if (::mnl_nlmsg_get_payload_len(one) < sizeof(inet_diag_msg)) continue;
    const auto& found = *static_cast<const inet_diag_msg*>(::mnl_nlmsg_get_payload(one));
    const int family = found.idiag_family;
    const net::Endpoint local{address_of(family, found.id.idiag_src), ntohs(found.id.idiag_sport)};
    if (std::ranges::find(locals_, local.address) == locals_.end()) continue;
    visit({local,
           {address_of(family, found.id.idiag_dst), ntohs(found.id.idiag_dport)},
           found.idiag_state == TCP_FIN_WAIT2,
           has_closed(found)});
  }
  return true;
}

}  // namespace baton::linux
