// Bookkeeping of links and addresses.

#include "failover/link_table.h"

#include <algorithm>

namespace baton::failover {

Status LinkTable::refresh(linux::Netlink& netlink) {
  auto links = netlink.links();
  if (!links) return std::unexpected(links.error());
  auto addresses = netlink.addresses();
  if (!addresses) return std::unexpected(addresses.error());
  links_ = std::move(*links);
  addresses_ = std::move(*addresses);
  return {};
}

bool LinkTable::apply(const linux::NetworkChange& change) {
  using Kind = linux::NetworkChange::Kind;
  const auto same_link = [&](const linux::Link& link) {
    return link.index == change.link_state.index;
  };
  const auto same_address = [&](const linux::InterfaceAddress& known) {
    return known.link == change.address.link && known.prefix == change.address.prefix;
  };
  // True unless `range` held exactly `now` already.
  const auto take = [](auto& range, auto same, const auto& now) {
    const auto known = std::ranges::find_if(range, same);
    if (known == range.end()) {
      range.push_back(now);
      return true;
    }
    if (*known == now) return false;
    *known = now;
    return true;
  };
  switch (change.kind) {
    case Kind::link:
      return take(links_, same_link, change.link_state);
    case Kind::link_gone: {
      const auto gone = std::erase_if(links_, same_link);
      std::erase_if(addresses_, [&](const linux::InterfaceAddress& known) {
        return known.link == change.link_state.index;
      });
      return gone > 0;
    }
    case Kind::address:
      return take(addresses_, same_address, change.address);
    case Kind::address_removed:
      return std::erase_if(addresses_, same_address) > 0;
    case Kind::overrun:
      return true;
  }
  return true;
}

const linux::Link* LinkTable::find(const std::string& name) const {
  const auto found = std::ranges::find(links_, name, &linux::Link::name);
  return found == links_.end() ? nullptr : &*found;
}

const linux::Link* LinkTable::find(int index) const {
  const auto found = std::ranges::find(links_, index, &linux::Link::index);
  return found == links_.end() ? nullptr : &*found;
}

const linux::Link* LinkTable::find(const net::Mac& mac) const {
  const auto found = std::ranges::find(links_, mac, &linux::Link::mac);
  return found == links_.end() ? nullptr : &*found;
}

bool LinkTable::is_usable(const linux::Link& link) const {
  if (beats_.empty()) return link.usable();
  const auto beat = beats_.find(link.name);
  return beat == beats_.end() ? link.usable() : link.up && beat->second;
}

bool LinkTable::set_beat(const std::string& name, std::optional<bool> carrier) {
  if (!carrier) return beats_.erase(name) > 0;
  const auto [entry, is_new] = beats_.try_emplace(name, *carrier);
  return is_new || std::exchange(entry->second, *carrier) != *carrier;
}

std::optional<net::IpAddress> LinkTable::own_address(
    const std::string& name, net::Family family,
    const std::vector<net::IpAddress>& excluded) const {
  const linux::Link* link = find(name);
  if (!link) return std::nullopt;
  for (const auto& known : addresses_) {
    const net::IpAddress& address = known.prefix.address;
    if (known.link != link->index || address.family() != family) continue;
    if (family == net::Family::ipv6 && (!address.is_link_local() || known.tentative)) continue;
    if (std::ranges::binary_search(excluded, address)) continue;
    return address;
  }
  return std::nullopt;
}

std::optional<net::IpAddress> LinkTable::first_address(
    int link, net::Family family, const std::vector<net::IpAddress>& excluded) const {
  for (const auto& known : addresses_) {
    const net::IpAddress& address = known.prefix.address;
    if (known.link != link || address.family() != family) continue;
    if (!std::ranges::binary_search(excluded, address)) return address;
  }
  return std::nullopt;
}

bool LinkTable::has_address(const net::IpAddress& address) const {
  return std::ranges::any_of(addresses_, [&](const linux::InterfaceAddress& known) {
    return known.prefix.address == address && !known.tentative;
  });
}

const linux::InterfaceAddress* LinkTable::find_address(int link,
                                                       const net::IpAddress& address) const {
  for (const auto& known : addresses_) {
    if (known.link == link && known.prefix.address == address) return &known;
  }
  return nullptr;
}

}  // namespace baton::failover
