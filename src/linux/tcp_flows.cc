// Asking sock_diag, once for each family.

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
#include <vector>

#include "runtime/fd.h"
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

Status dump(int socket, int family, const std::function<void(const inet_diag_msg&)>& visit) {
  struct {
    nlmsghdr header;
    inet_diag_req_v2 request;
  } question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  question.request.sdiag_family = static_cast<std::uint8_t>(family);
  question.request.sdiag_protocol = IPPROTO_TCP;
  question.request.idiag_states = wanted_states;
  if (::send(socket, &question, sizeof question, 0) < 0) return fail_errno(errno, "sock_diag");
  std::vector<char> buffer(std::size_t{64} * 1024);
  for (;;) {
    // A dump's answer is made as it is read: there is always some until its end.
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (count < 0) return fail_errno(errno, "sock_diag");
    int left = static_cast<int>(count);
    for (auto* one = reinterpret_cast<nlmsghdr*>(buffer.data()); ::mnl_nlmsg_ok(one, left);
         one = ::mnl_nlmsg_next(one, &left)) {
      if (one->nlmsg_type == NLMSG_DONE) return {};
      if (one->nlmsg_type == NLMSG_ERROR) return fail(ErrorKind::unavailable, "sock_diag");
      if (::mnl_nlmsg_get_payload_len(one) < sizeof(inet_diag_msg)) continue;
      visit(*static_cast<const inet_diag_msg*>(::mnl_nlmsg_get_payload(one)));
    }
  }
}

}  // namespace

Status visit_tcp_flows(std::span<const net::IpAddress> locals,
                       const std::function<void(const TcpFlow& flow)>& visit) {
  const runtime::Fd socket(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!socket) return fail_errno(errno, "sock_diag socket");
  for (const int family : {AF_INET, AF_INET6}) {
    const Status done = dump(socket.get(), family, [&](const inet_diag_msg& found) {
      const net::Endpoint local{address_of(family, found.id.idiag_src),
                                ntohs(found.id.idiag_sport)};
      if (std::ranges::find(locals, local.address) == locals.end()) return;
      visit({local,
             {address_of(family, found.id.idiag_dst), ntohs(found.id.idiag_dport)},
             found.idiag_state == TCP_FIN_WAIT2});
    });
    if (!done) return done;
  }
  return {};
}

}  // namespace baton::linux
