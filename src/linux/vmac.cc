// RTM_NEWLINK for macvlans; /proc/sys.

#include "linux/vmac.h"

#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/fd.h"

namespace baton::linux {

namespace {

nlmsghdr* start_link_message(char* buffer, std::uint16_t type, std::uint16_t flags, int link) {
  nlmsghdr* message = mnl_nlmsg_put_header(buffer);
  message->nlmsg_type = type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
  auto* info = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(message, sizeof(ifinfomsg)));
  info->ifi_family = AF_UNSPEC;
  info->ifi_index = link;
  return message;
}

}  // namespace

Status create_vmac(Netlink& netlink, const std::string& name, int parent, const net::Mac& mac) {
  alignas(nlmsghdr) char buffer[512];
  nlmsghdr* message = start_link_message(buffer, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0);
  mnl_attr_put_strz(message, IFLA_IFNAME, name.c_str());
  mnl_attr_put(message, IFLA_ADDRESS, mac.bytes.size(), mac.bytes.data());
  mnl_attr_put_u32(message, IFLA_LINK, static_cast<std::uint32_t>(parent));
  nlattr* info = mnl_attr_nest_start(message, IFLA_LINKINFO);
  mnl_attr_put_str(message, IFLA_INFO_KIND, "macvlan");
  nlattr* mode = mnl_attr_nest_start(message, IFLA_INFO_DATA);
  // Two nodes carry the same MAC: what one of them sends must not come back in.
  mnl_attr_put_u32(message, IFLA_MACVLAN_MODE, MACVLAN_MODE_PRIVATE);
  mnl_attr_nest_end(message, mode);
  mnl_attr_nest_end(message, info);
  return netlink.ask(message);
}

Status set_link_up(Netlink& netlink, int link) {
  alignas(nlmsghdr) char buffer[128];
  nlmsghdr* message = start_link_message(buffer, RTM_NEWLINK, 0, link);
  auto* info = static_cast<ifinfomsg*>(mnl_nlmsg_get_payload(message));
  info->ifi_flags = info->ifi_change = IFF_UP;
  return netlink.ask(message);
}

Status delete_link(Netlink& netlink, int link) {
  alignas(nlmsghdr) char buffer[128];
  const Status done = netlink.ask(start_link_message(buffer, RTM_DELLINK, 0, link));
  if (!done && done.error().errno_value == ENODEV) return {};
  return done;
}

std::optional<std::string> read_setting(const std::string& path) {
  const runtime::Fd file(::open(("/proc/sys/" + path).c_str(), O_RDONLY | O_CLOEXEC));
  char text[64];
  const ssize_t size = file ? ::read(file.get(), text, sizeof text) : -1;
  if (size <= 0) return std::nullopt;
  std::string value(text, static_cast<std::size_t>(size));
  while (!value.empty() && value.back() == '\n') value.pop_back();
  return value;
}

Status write_setting(const std::string& path, const std::string& value) {
  const runtime::Fd file(::open(("/proc/sys/" + path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, "open");
  if (::write(file.get(), value.data(), value.size()) < 0) return fail_errno(errno, "write");
  return {};
}

}  // namespace baton::linux
