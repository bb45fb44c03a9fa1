// Putting, renewing, restoring and removing addresses.

#include "failover/address_guard.h"

#include <algorithm>
#include <system_error>

namespace baton::failover {

void AddressGuard::remove_leftovers(const std::vector<HeldAddress>& addresses) {
  for (const auto& address : addresses) {
    const linux::Link* link = links_.find(address.device);
    if (!link) continue;
    const auto* found = links_.find_address(link->index, address.prefix.address);
    if (!found) continue;
    if (const auto done = netlink_.remove_address(link->index, found->prefix, address.traits.peer);
        !done) {
      log_.print(LogLevel::error, "cannot remove {} left on {}: {}", found->prefix.text(),
                 address.device, describe(done.error()));
    }
  }
}

void AddressGuard::hold(const std::string& holder, std::vector<HeldAddress> addresses) {
  auto earlier = std::exchange(held_[holder], std::move(addresses));
  for (const auto& address : held_[holder]) put(address, false);
  for (const auto& address : earlier) {
    if (!is_wanted(address)) remove(address);
  }
}

void AddressGuard::release(const std::string& holder) {
  const auto found = held_.find(holder);
  if (found == held_.end()) return;
  const auto earlier = std::move(found->second);
  held_.erase(found);
  for (const auto& address : earlier) {
    if (!is_wanted(address)) remove(address);
  }
}

void AddressGuard::renew() {
  std::vector<const HeldAddress*> renewed;
  std::vector<linux::AddressChange> changes;
  for (const auto& [holder, addresses] : held_) {
    for (const auto& address : addresses) {
      const linux::Link* link = links_.find(address.device);
      if (!link || (!address.tracked && !is_present(address))) continue;
      renewed.push_back(&address);
      changes.push_back(change_of(address, *link));
    }
  }
  const auto errors = netlink_.put_addresses(changes);
  for (std::size_t i = 0; i < errors.size(); ++i) note_result(*renewed[i], errors[i]);
}

void AddressGuard::leave_for_good() {
  for (const auto& [holder, addresses] : held_) {
    for (const auto& address : addresses) put(address, true);
  }
  held_.clear();
}

void AddressGuard::on_removed(const linux::InterfaceAddress& address, Instant now) {
  for (const auto& [holder, addresses] : held_) {
    for (const auto& wanted : addresses) {
      const linux::Link* link = links_.find(wanted.device);
      if (!wanted.tracked || wanted.prefix != address.prefix) continue;
      if (!link || link->index != address.link) continue;
      log_.print(LogLevel::info, "Netlink reflector reports IP {} removed from {}",
                 address.prefix.address.text(), wanted.device);
      if (!may_restore(address.prefix, now)) return;
      log_.print(LogLevel::notice, "({}) {} was removed by somebody else, putting it back", holder,
                 address.prefix.text());
      put(wanted, false);
      return;
    }
  }
}

bool AddressGuard::is_present(const HeldAddress& address) const {
  const linux::Link* link = links_.find(address.device);
  if (!link) return false;
  const auto* found = links_.find_address(link->index, address.prefix.address);
  return found && found->prefix == address.prefix;
}

linux::AddressChange AddressGuard::change_of(const HeldAddress& address, const linux::Link& link) {
  linux::AddressChange change;
  change.link = link.index;
  change.prefix = address.prefix;
  change.scope = address.scope;
  change.label = address.label;
  change.broadcast = address.broadcast;
  change.traits = address.traits;
  change.lifetime = lifetime;
  return change;
}

void AddressGuard::put(const HeldAddress& address, bool for_good) {
  const linux::Link* link = links_.find(address.device);
  if (!link) return;
  linux::AddressChange change = change_of(address, *link);
  if (for_good) change.lifetime.reset();
  const auto done = netlink_.put_address(change);
  note_result(address, done ? 0 : done.error().errno_value);
}

// Tried again every second: each new cause is told once.
void AddressGuard::note_result(const HeldAddress& address, int errno_value) {
  int& told = last_error_[address.prefix];
  if (errno_value != 0 && errno_value != told) {
    log_.print(LogLevel::error, "cannot put {} on {}: {}", address.prefix.text(), address.device,
               std::generic_category().message(errno_value));
  }
  told = errno_value;
}

void AddressGuard::remove(const HeldAddress& address) {
  const linux::Link* link = links_.find(address.device);
  if (!link) return;
  if (const auto done = netlink_.remove_address(link->index, address.prefix, address.traits.peer);
      !done) {
    log_.print(LogLevel::error, "cannot remove {} from {}: {}", address.prefix.text(),
               address.device, describe(done.error()));
  }
}

bool AddressGuard::is_wanted(const HeldAddress& address) const {
  return std::ranges::any_of(held_, [&](const auto& entry) {
    return std::ranges::any_of(entry.second, [&](const HeldAddress& other) {
      return other.prefix == address.prefix && other.device == address.device;
    });
  });
}

bool AddressGuard::may_restore(const net::Prefix& prefix, Instant now) {
  Storm& storm = storms_[prefix];
  if (now - storm.since >= 1s) storm = Storm{now, 0};
  return ++storm.count <= restores_per_second;
}

}  // namespace baton::failover
