// Interfaces that carry virtual MAC addresses, and settings of the network (sysctls).
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "linux/links.h"
#include "net/address.h"

namespace baton::linux {

// A macvlan in private mode on `parent`; down.
Status create_vmac(Netlink& netlink, const std::string& name, int parent, const net::Mac& mac);
Status set_link_up(Netlink& netlink, int link);
// A link that is not there is no error.
Status delete_link(Netlink& netlink, int link);

// A setting by its path below /proc/sys, "net/ipv4/conf/eth0/arp_ignore". To write those of the
// network takes NET_ADMIN alone.
std::optional<std::string> read_setting(const std::string& path);
Status write_setting(const std::string& path, const std::string& value);

}  // namespace baton::linux
