// Making and removing macvlans.

#include "failover/vmac_guard.h"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace baton::failover {

// An interface of the same name and another MAC is somebody else's.
void VmacGuard::remove(const config::VmacLink& link) {
  const linux::Link* found = links_.find(link.name);
  if (!found || found->mac != link.mac) return;
  if (const auto done = linux::delete_link(netlink_, found->index); !done) {
    log_.print(LogLevel::error, "cannot remove VMAC interface {}: {}", link.name,
               baton::describe(done.error()));
    return;
  }
  log_.print(LogLevel::info, "Success removing VMAC interface {}", link.name);
}

void VmacGuard::remove_leftovers(const std::vector<config::VmacLink>& wanted) {
  if (wanted.empty()) return;
  for (const auto& link : wanted) remove(link);
  refresh();
}

void VmacGuard::hold(std::vector<config::VmacLink> wanted) {
  const auto earlier = std::exchange(held_, std::move(wanted));
  bool changed = false;
  for (const auto& link : earlier) {
    if (std::ranges::find(held_, link) != held_.end()) continue;
    remove(link);
    changed = true;
  }
  if (changed) refresh();
  if (held_.empty()) {
    settings_.restore();
    return;
  }
  settings_.prepare(held_);
  restore();
}

bool VmacGuard::restore() {
  bool changed = false;
  for (const auto& link : held_) {
    if (!links_.find(link.name)) changed |= make(link);
  }
  if (changed) refresh();
  return changed;
}

void VmacGuard::release() {
  for (const auto& link : std::exchange(held_, {})) remove(link);
  settings_.restore();
}

bool VmacGuard::make(const config::VmacLink& link) {
  const linux::Link* parent = links_.find(link.parent);
  Status done = fail_errno(ENODEV, "no such parent");
  if (parent) done = linux::create_vmac(netlink_, link.name, parent->index, link.mac);
  // It is there by now, if it is: its index is not known before the kernel is asked.
  if (done) {
    refresh();
    settings_.prepare_link(link);
    const linux::Link* made = links_.find(link.name);
    done = made ? linux::set_link_up(netlink_, made->index) : fail_errno(ENODEV, "lost");
  }
  int& told = last_error_[link.name];
  const int cause = done ? 0 : done.error().errno_value;
  if (cause != 0 && cause != told) {
    log_.print(LogLevel::error, "cannot make VMAC interface {} on {}: {}", link.name, link.parent,
               baton::describe(done.error()));
  }
  told = cause;
  if (done) log_.print(LogLevel::info, "Success creating VMAC interface {}", link.name);
  return done.has_value();
}

void VmacGuard::refresh() {
  if (const auto done = links_.refresh(netlink_); !done) {
    log_.print(LogLevel::error, "{}", baton::describe(done.error()));
  }
}

}  // namespace baton::failover
