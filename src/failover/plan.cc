// Translating configuration into settings.

#include "failover/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace baton::failover {

namespace {

std::optional<net::IpAddress> broadcast_of(const config::VirtualAddress& address) {
  if (address.broadcast) return address.broadcast;
  if (!address.broadcast_computed || !address.prefix.address.is_ipv4()) return std::nullopt;
  const std::uint32_t host_mask =
      address.prefix.length >= 32 ? 0 : 0xffffffffu >> address.prefix.length;
  const std::uint32_t value = address.prefix.address.ipv4_value() | host_mask;
  return net::IpAddress::ipv4(
      static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
      static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value));
}

const std::string& device_of(const config::VirtualAddress& address,
                             const config::VrrpInstance& instance) {
  return address.device.empty() ? instance.interface : address.device;
}

std::vector<HeldAddress> held_addresses(const config::VrrpInstance& instance) {
  std::vector<HeldAddress> held;
  held.reserve(instance.addresses.size() + instance.excluded_addresses.size());
  for (const auto& list : {instance.addresses, instance.excluded_addresses}) {
    for (const auto& address : list) held.push_back(to_held(address, device_of(address, instance)));
  }
  return held;
}

void watch_interface(Plan& plan, const std::string& name, int weight, bool reverse) {
  plan.settings.trackers.push_back({"interface " + name, weight, reverse});
  plan.watched.push_back({Watched::Kind::interface, name, 0});
}

// What a virtual interface stands on, which is what can fail; else the device itself.
const std::string& real_device(const config::VrrpInstance& instance, const std::string& device) {
  const auto& links = instance.vmac.links;
  const auto found = std::ranges::find(links, device, &config::VmacLink::name);
  return found == links.end() ? device : found->parent;
}

// The own interface, those of the addresses, and those that are asked for: each once.
void watch_interfaces(Plan& plan, const config::VrrpInstance& instance) {
  std::vector<std::string> needed;
  if (instance.track_primary_interface && !instance.interface.empty()) {
    needed.push_back(instance.interface);
  }
  for (const auto& address : plan.held) {
    const std::string& device = real_device(instance, address.device);
    const bool own = device == instance.interface;
    if (!own && address.tracked && std::ranges::find(needed, device) == needed.end()) {
      needed.push_back(device);
    }
  }
  for (const auto& link : instance.vmac.links) needed.push_back(link.name);
  // Several next hops are there for one of them to fail.
  for (const auto& route : instance.routes) {
    if (!route.tracked || route.multipath || route.hops.empty()) continue;
    const std::string& device = route.hops.front().device;
    const bool is_needed = std::ranges::find(needed, device) != needed.end();
    if (!device.empty() && device != instance.interface && !is_needed) needed.push_back(device);
  }
  for (const auto& tracked : instance.tracked_interfaces) {
    const bool is_needed = std::ranges::find(needed, tracked.name) != needed.end();
    if (tracked.weight == 0 && !tracked.weight_reverse && !is_needed) {
      needed.push_back(tracked.name);
    }
  }
  for (const auto& name : needed) watch_interface(plan, name, 0, false);
  for (const auto& tracked : instance.tracked_interfaces) {
    if (tracked.weight == 0 && !tracked.weight_reverse) continue;
    watch_interface(plan, tracked.name, tracked.weight, tracked.weight_reverse);
  }
}

void watch_files_and_processes(Plan& plan, const config::VrrpInstance& instance,
                               const config::Tracking& tracking) {
  for (const auto& tracked : instance.tracked_files) {
    plan.settings.trackers.push_back({"file " + tracking.files.at(tracked.file).name,
                                      tracked.weight, tracked.weight_reverse, true});
    plan.watched.push_back({Watched::Kind::file, "", 0, tracked.file});
  }
  for (const auto& tracked : instance.tracked_processes) {
    plan.settings.trackers.push_back({"process " + tracking.processes.at(tracked.process).name,
                                      tracked.weight, tracked.weight_reverse});
    plan.watched.push_back({Watched::Kind::process, "", 0, tracked.process});
  }
}

void watch_static_groups(Plan& plan, std::uint32_t instance, const config::Statics& statics) {
  for (std::uint32_t i = 0; i < statics.groups.size(); ++i) {
    const auto& group = statics.groups[i];
    if (std::ranges::find(group.members, instance) == group.members.end()) continue;
    plan.settings.trackers.push_back({"track_group " + group.name, 0, false});
    plan.watched.push_back({Watched::Kind::static_group, "", 0, i});
  }
}

vrrp::AnnounceSchedule to_schedule(const config::GarpSchedule& garp) {
  vrrp::AnnounceSchedule schedule;
  schedule.delay = garp.delay;
  schedule.repeat = garp.repeat;
  schedule.refresh = garp.refresh;
  schedule.refresh_repeat = garp.refresh_repeat;
  schedule.conflict_repeat = garp.lower_priority_repeat.value_or(garp.repeat);
  schedule.conflict_delay = garp.lower_priority_delay.value_or(garp.delay);
  return schedule;
}

vrrp::ChecksumPolicy to_checksum_policy(const config::Wire& wire) {
  if (wire.checksum_as_version2) return vrrp::ChecksumPolicy::without_pseudo_header;
  switch (wire.unicast_checksum) {
    case config::UnicastChecksum::automatic:
      return vrrp::ChecksumPolicy::automatic;
    case config::UnicastChecksum::standard:
      return vrrp::ChecksumPolicy::standard;
    case config::UnicastChecksum::old:
      return vrrp::ChecksumPolicy::old_unicast;
  }
  BATON_ASSERT(false);
}

void take_wire(vrrp::Settings& settings, const config::Wire& wire) {
  settings.family = wire.family;
  settings.checksum = to_checksum_policy(wire);
  settings.lower_priority_no_advert = wire.lower_priority_no_advert;
  settings.owner_ignores_adverts = wire.owner_ignores_adverts;
  settings.hmac = wire.hmac;
  if (wire.fault_without_peers) settings.permanent_fault = "no unicast peers";
}

net::IpAddress multicast_group_of(const config::Failover& config,
                                  const config::VrrpInstance& instance) {
  if (instance.wire.multicast_group) return *instance.wire.multicast_group;
  return instance.wire.family == net::Family::ipv4 ? config.multicast_group
                                                   : config.wire.multicast_group6;
}

vrrp::TakeoverRules to_rules(const config::GuardOptions& guard, Duration link_wait) {
  vrrp::TakeoverRules rules;
  rules.second_path = guard.has_second_path();
  rules.heartbeat_interval = guard.heartbeat_interval.value_or(rules.heartbeat_interval);
  rules.witness = !guard.witnesses.empty();
  rules.witness_timeout = guard.witness_timeout.value_or(rules.witness_timeout);
  rules.link_wait = guard.takeover_link_wait.value_or(link_wait);
  return rules;
}

vrrp::Settings to_settings(const config::VrrpInstance& instance) {
  vrrp::Settings settings;
  settings.name = instance.name;
  settings.version = instance.version;
  settings.virtual_router_id = instance.virtual_router_id;
  settings.priority = instance.priority;
  settings.advert_interval = instance.advert_interval;
  if (instance.auth != config::VrrpAuth::none && instance.version == 2) {
    settings.auth_type =
        instance.auth == config::VrrpAuth::header ? vrrp::auth_header : vrrp::auth_password;
    settings.password = vrrp::make_password(instance.password);
  }
  for (const auto& address : instance.addresses) {
    settings.addresses.push_back(address.prefix.address);
  }
  for (const auto& peer : instance.unicast_peers) {
    settings.peers.push_back({peer.address, peer.min_ttl, peer.max_ttl});
  }
  settings.check_unicast_source = instance.check_unicast_source;
  settings.wants_master = instance.wants_master;
  // A node that wants to be master, or owns the address, does not wait for others.
  settings.nopreempt =
      instance.nopreempt && !instance.wants_master && instance.priority != vrrp::owner_priority;
  const bool may_delay = !settings.nopreempt && !instance.wants_master && !instance.strict;
  settings.preempt_delay = may_delay ? instance.preempt_delay : Duration(0s);
  settings.down_timer_adverts = instance.down_timer_adverts;
  settings.skip_check_addresses = instance.skip_check_advert_addresses;
  settings.announce = to_schedule(instance.garp);
  take_wire(settings, instance.wire);
  return settings;
}

}  // namespace

HeldAddress to_held(const config::VirtualAddress& address, const std::string& device) {
  HeldAddress held;
  held.prefix = address.prefix;
  held.device = device;
  held.label = address.label;
  held.broadcast = broadcast_of(address);
  held.scope = address.scope;
  held.tracked = address.tracked;
  held.traits = address.traits;
  return held;
}

Plan make_plan(const config::Failover& config, std::uint32_t index, bool track_proxy,
               Duration link_wait) {
  const config::VrrpInstance& instance = config.instances.at(index);
  Plan plan;
  plan.identity = {instance.interface,      instance.virtual_router_id,
                   instance.version,        !instance.unicast_peers.empty(),
                   instance.source_address, multicast_group_of(config, instance)};
  plan.settings = to_settings(instance);
  plan.guard = instance.guard;
  plan.settings.takeover = to_rules(instance.guard, link_wait);
  for (const auto& group : config.sync_groups) {
    if (std::ranges::find(group.members, index) != group.members.end()) {
      plan.settings.sync_group = group.name;
    }
  }
  plan.held = held_addresses(instance);
  plan.routes = {instance.routes, instance.rules};
  plan.vmac = instance.vmac;
  if (plan.vmac.wanted && !plan.vmac.transmit_on_base) {
    plan.transmit_interface = plan.vmac.name;
  }
  plan.pacing = AnnouncePacing(config);
  plan.unicast_ttl = instance.wire.unicast_ttl;
  plan.track_source = instance.wire.track_source;
  plan.promote_secondaries = instance.wire.promote_secondaries;
  watch_interfaces(plan, instance);
  for (const auto& tracked : instance.tracked_scripts) {
    const auto& script = config.scripts.at(tracked.script);
    plan.settings.trackers.push_back(
        {"script " + script.name, tracked.weight, tracked.weight_reverse});
    plan.watched.push_back({Watched::Kind::script, "", tracked.script});
  }
  for (const auto& tracked : instance.tracked_bfds) {
    plan.settings.trackers.push_back({"bfd " + config.bfd_instances.at(tracked.session).name,
                                      tracked.weight, tracked.weight_reverse});
    plan.watched.push_back({Watched::Kind::bfd, "", 0, tracked.session});
  }
  watch_files_and_processes(plan, instance, config.tracking);
  watch_static_groups(plan, index, config.statics);
  if (track_proxy) {
    plan.settings.trackers.push_back({"proxy", 0, false});
    plan.watched.push_back({Watched::Kind::proxy, "", 0});
  }
  return plan;
}

const std::string& link_of(const Plan& plan, const std::string& device) {
  const auto& links = plan.vmac.links;
  const auto found = std::ranges::find(links, device, &config::VmacLink::name);
  return found == links.end() ? device : found->parent;
}

std::vector<HeldAddress> all_addresses(const config::Failover& config) {
  std::vector<HeldAddress> all;
  for (const auto& instance : config.instances) {
    for (auto& held : held_addresses(instance)) all.push_back(std::move(held));
  }
  return all;
}

// Everything that the reader of the file lets through.
std::optional<std::string> find_unsupported(const config::Failover&) {
  return std::nullopt;
}

}  // namespace baton::failover
