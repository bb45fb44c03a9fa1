// What the keywords of an instance mean together, and what instances mean to each other: defaults
// that depend on others, combinations that keepalived clears, strict mode (reference of
// vrrp_strict in keepalived.conf(5)), and virtual router ids that collide.

#include <fmt/format.h>

#include <cmath>
#include <tuple>

#include "config/keepalived/reader.h"
#include "vrrp/authentication_header.h"
#include "vrrp/settings.h"

namespace baton::config::keepalived {

namespace {

void settle_state(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  instance.wants_master = draft.state == "MASTER";
  if (!draft.has_priority) instance.priority = instance.wants_master ? 255 : 100;
  if (!draft.state && instance.priority == 255) instance.wants_master = true;
  if (instance.strict && draft.state) {
    const bool owner = instance.priority == 255;
    if (instance.wants_master != owner) {
      reader.diagnostics.warning(instance.where,
                                 fmt::format("({}) Strict mode: state MASTER goes with priority "
                                             "255 and with nothing else. Changing state to {}",
                                             instance.name, owner ? "MASTER" : "BACKUP"));
      instance.wants_master = owner;
    }
  }
}

// Version 2 has whole seconds, version 3 hundredths up to 40.95 s. IPv6 knows version 3 alone.
void settle_version(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  if (instance.wire.family == net::Family::ipv6) instance.version = 3;
  const double seconds = to_seconds(instance.advert_interval);
  const auto use = [&](double allowed, const std::string& why) {
    reader.diagnostics.tolerated_error(draft.interval_place.value_or(instance.where),
                                       fmt::format("({}) {}", instance.name, why));
    instance.advert_interval = from_seconds(allowed);
  };
  if (instance.version == 3) {
    const double rounded = std::fmax(0.01, std::round(seconds * 100) / 100);
    if (seconds > 40.95) {
      use(40.95, fmt::format("VRRPv3 advertisement interval {:.2f}s is out of range. Must be less "
                             "than 40.96s. Setting to 40.95s",
                             seconds));
    } else if (from_seconds(rounded) != instance.advert_interval) {
      use(rounded, fmt::format("VRRPv3 advertisement interval {:.6f}s must be in units of 10ms - "
                               "rounding",
                               seconds));
    }
    return;
  }
  const double rounded = std::fmax(1.0, std::floor(seconds + 0.5));
  if (rounded != seconds) {
    use(rounded, fmt::format("VRRPv2 advertisement interval {:.6f}s must be an integer. rounding "
                             "to {} s",
                             seconds, rounded));
  }
}

// Who has not heard an advert yet does not know where the sequence numbers are.
void use_authentication_header(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  instance.auth = VrrpAuth::header;
  if (!vrrp::has_authentication_code()) {
    reader.diagnostics.error(*draft.authentication_place,
                             "auth_type AH needs MD5, which this system's OpenSSL does not offer",
                             "use auth_type PASS, or auth_hmac, on all nodes");
  }
  reader.note_once("auth_ah", *draft.authentication_place,
                   fmt::format("({}) auth_type AH protects little (eight characters and MD5), and "
                               "VRRP itself has dropped it (RFC 3768, RFC 5798): between batons "
                               "auth_hmac is better",
                               instance.name));
  if (!instance.wants_master || instance.priority == vrrp::owner_priority) return;
  reader.diagnostics.tolerated_error(
      instance.where,
      fmt::format("({}) Initial state master is incompatible with AH authentication - clearing",
                  instance.name));
  instance.wants_master = false;
}

void settle_authentication(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  if (!draft.authentication_place) return;
  if (instance.version == 3) {
    reader.diagnostics.tolerated_error(
        *draft.authentication_place,
        fmt::format("({}) VRRP version 3 does not support authentication. Ignoring.",
                    instance.name));
  } else if (instance.strict) {
    reader.diagnostics.warning(
        *draft.authentication_place,
        fmt::format("({}) Strict mode does not support authentication. Ignoring.", instance.name));
  } else if (draft.auth_type.empty()) {
    if (!instance.password.empty()) {
      reader.diagnostics.note(
          draft.password_place.value_or(*draft.authentication_place),
          fmt::format("({}) auth_pass without a valid auth_type: adverts carry no password",
                      instance.name));
    }
  } else if (instance.password.empty()) {
    reader.diagnostics.tolerated_error(
        *draft.authentication_place,
        fmt::format("({}) Authentication specified but no password given. Ignoring",
                    instance.name));
  } else if (draft.auth_type == "PASS") {
    instance.auth = VrrpAuth::password;
    return;
  } else {
    use_authentication_header(reader, draft);
    return;
  }
  instance.password.clear();
}

void settle_preemption(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  const auto clear = [&](const std::optional<Position>& place, std::string_view message) {
    reader.diagnostics.warning(place.value_or(instance.where),
                               fmt::format("({}) {}", instance.name, message));
  };
  if (instance.nopreempt && (instance.wants_master || instance.priority == 255)) {
    clear(draft.nopreempt_place, instance.wants_master
                                     ? "Warning - nopreempt will not work with initial state "
                                       "MASTER - clearing"
                                     : "nopreempt is incompatible with priority 255 - clearing");
    instance.nopreempt = false;
  }
  if (instance.preempt_delay == 0s) return;
  if (instance.strict) {
    clear(draft.preempt_delay_place, "preempt_delay is incompatible with strict mode - resetting");
  } else if (instance.wants_master) {
    clear(draft.preempt_delay_place,
          "Warning - preempt delay will not work with initial state MASTER - clearing");
  } else if (instance.nopreempt) {
    clear(draft.preempt_delay_place,
          "preempt_delay is incompatible with nopreempt mode - resetting");
  } else {
    return;
  }
  instance.preempt_delay = 0s;
}

void settle_accept(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  instance.accept = draft.accept.value_or(!instance.strict || instance.priority == 255);
  if (instance.accept) return;
  reader.note_once("accept", instance.where,
                   fmt::format("({}) {}: traffic to the virtual addresses is dropped, except where "
                               "a proxy of baton serves on this node",
                               instance.name, draft.accept ? "no_accept" : "vrrp_strict"));
}

void settle_unicast(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  if (draft.wants_unicast && instance.unicast_peers.empty() && !instance.wire.fault_without_peers) {
    reader.diagnostics.warning(
        instance.where,
        fmt::format("({}) A unicast keyword has been specified without any unicast peers. "
                    "Defaulting to multicast. This usage is deprecated - please update your "
                    "configuration.",
                    instance.name));
  }
  if (instance.strict && !instance.unicast_peers.empty()) {
    reader.diagnostics.error(
        instance.where,
        fmt::format("({}) Strict mode does not support unicast peers: keepalived refuses this "
                    "instance",
                    instance.name),
        "remove vrrp_strict");
  }
}

void settle_addresses(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  if (!instance.addresses.empty()) return;
  if (instance.strict) {
    reader.diagnostics.error(
        instance.where,
        fmt::format("({}) Strict mode requires at least one virtual address", instance.name));
  } else if (!draft.without_addresses_on_purpose) {
    reader.diagnostics.warning(
        instance.where,
        fmt::format("({}) No VIP specified; at least one is sensible", instance.name));
  }
}

void settle_interfaces(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  if (instance.interface.empty() && (instance.unicast_peers.empty() || !instance.source_address)) {
    reader.diagnostics.error(instance.where, fmt::format("({}) Unknown interface!", instance.name),
                             "set `interface`, or unicast_peer and unicast_src_ip");
  }
  // The own interface is tracked anyway, unless asked not to.
  std::erase_if(instance.tracked_interfaces, [&](const TrackedInterface& tracked) {
    if (tracked.name != instance.interface) return false;
    reader.diagnostics.warning(tracked.where,
                               fmt::format("({}) Ignoring track_interface {} since own interface",
                                           instance.name, tracked.name));
    return true;
  });
}

// Unicast instances may share an id when they have no peer in common.
bool share_listeners(const VrrpInstance& a, const VrrpInstance& b) {
  if (a.unicast_peers.empty() != b.unicast_peers.empty()) return false;
  if (a.unicast_peers.empty()) return true;
  return std::ranges::any_of(a.unicast_peers, [&b](const UnicastPeer& peer) {
    return contains(b.unicast_peers, peer.address, &UnicastPeer::address);
  });
}

}  // namespace

void settle_instance(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  if (!draft.has_router_id) {
    reader.diagnostics.error(instance.where,
                             fmt::format("({}) the virtual router id must be set", instance.name));
  }
  settle_state(reader, draft);
  settle_wire(reader, draft);
  settle_version(reader, draft);
  settle_authentication(reader, draft);
  settle_preemption(reader, draft);
  settle_accept(reader, draft);
  settle_unicast(reader, draft);
  settle_addresses(reader, draft);
  settle_interfaces(reader, draft);
  instance.smtp_alert =
      wants_mail(reader, draft.smtp_alert, instance.where, fmt::format("({})", instance.name));
  if (instance.strict) {
    if (draft.lower_priority_repeat_set) {
      reader.diagnostics.warning(
          instance.where,
          fmt::format("({}) Strict mode: garp_lower_prio_repeat is set to 0", instance.name));
    }
    instance.garp.lower_priority_repeat = 0;
  }
}

void check_router_ids(Reader& reader) {
  using Where = std::tuple<std::string, std::uint8_t, net::Family>;
  std::map<Where, std::vector<const VrrpInstance*>> by_id;
  for (const VrrpInstance& instance : reader.model.instances) {
    if (instance.virtual_router_id == 0) continue;
    auto& others = by_id[{instance.interface, instance.virtual_router_id, instance.wire.family}];
    for (const VrrpInstance* other : others) {
      if (!share_listeners(*other, instance)) continue;
      reader.diagnostics.error(
          instance.where,
          fmt::format("{} and {} both use VRID {} with IPv{} on interface {}", other->name,
                      instance.name, instance.virtual_router_id,
                      instance.wire.family == net::Family::ipv4 ? 4 : 6, instance.interface));
      break;
    }
    others.push_back(&instance);
  }
}

}  // namespace baton::config::keepalived
