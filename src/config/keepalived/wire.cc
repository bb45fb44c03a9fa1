// Packets and announcements: the family of an instance, checksum forms, groups and TTLs, who is
// answered, and the pacing of gratuitous ARP and unsolicited neighbour advertisements.

#include <fmt/format.h>

#include "config/keepalived/reader.h"

namespace baton::config::keepalived {

namespace {

constexpr double interval_longest_seconds = 4294;

void set_multicast_group(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const std::string& text = statement.word(1);
  const auto group = net::IpAddress::parse(text);
  const auto complain = [&](const std::string& why) {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("({}) mcast_dst_ip {} {}. Skipping...", draft.instance.name, text, why));
  };
  if (!group) return complain("invalid");
  if (!group->is_multicast()) return complain("not multicast");
  if (!fits_family(draft, *group)) return complain("must be of the instance's family");
  draft.instance.wire.multicast_group = *group;
}

void set_old_checksum(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const std::string& word = statement.word(1);
  draft.wants_unicast = true;
  if (word == "never") {
    draft.instance.wire.unicast_checksum = UnicastChecksum::standard;
  } else if (word.empty()) {
    draft.instance.wire.unicast_checksum = UnicastChecksum::old;
  } else {
    reader.diagnostics.tolerated_error(
        statement.place(1), fmt::format("({}) Unknown old_unicast_chksum mode {} - ignoring",
                                        draft.instance.name, word));
  }
}

void set_unicast_ttl(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 0, 255,
                                  fmt::format("({}): TTL '{}' not valid - must be between 0 & 255",
                                              draft.instance.name, statement.word(1)));
  if (!value) return;
  draft.wants_unicast = true;
  draft.unicast_ttl_place = statement.place(1);
  draft.instance.wire.unicast_ttl = static_cast<std::uint8_t>(*value);
}

void note_last_advert(Reader& reader, const Statement& statement, bool wanted) {
  reader.note_once("higher_prio_send_advert", statement.where,
                   fmt::format("{}{}: a baton that steps down for a higher priority always sends a "
                               "last advert, so that the other learns of the conflict",
                               statement.keyword(), wanted ? "" : " off"));
}

// One pause between announcements; keepalived 2.2 calls the 0 of its own sample out of range.
std::optional<Duration> pause(Reader& reader, const Statement& statement) {
  return reader.seconds(statement, 1, 0, interval_longest_seconds,
                        fmt::format("{} is ignored", statement.keyword()));
}

void set_multicast_group6(Reader& reader, const Statement& statement) {
  const std::string& text = statement.word(1);
  const auto group = net::IpAddress::parse(text);
  const auto complain = [&](const std::string& why) {
    reader.diagnostics.tolerated_error(
        statement.place(1), fmt::format("vrrp_mcast_group6 [{}] {}. Skipping", text, why));
  };
  if (!group) return complain("cannot be parsed");
  if (group->is_ipv4()) return complain("is not IPv6");
  if (!group->is_multicast()) return complain("is not multicast");
  reader.model.wire.multicast_group6 = *group;
}

void add_interface(Reader& reader, GarpGroup& group, const std::string& name,
                   const Position& where) {
  for (const GarpGroup& earlier : reader.model.wire.garp_groups) {
    if (!contains(earlier.interfaces, name)) continue;
    reader.diagnostics.tolerated_error(
        where, fmt::format("garp_group already specified for {} - ignoring", name));
    return;
  }
  if (!contains(group.interfaces, name)) group.interfaces.push_back(name);
}

}  // namespace

bool fits_family(InstanceDraft& draft, const net::IpAddress& address) {
  if (!draft.family) draft.family = address.family();
  return *draft.family == address.family();
}

void read_wire(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const std::string& keyword = statement.keyword();
  Wire& wire = draft.instance.wire;
  if (keyword == "mcast_dst_ip") return set_multicast_group(reader, draft, statement);
  if (keyword == "old_unicast_checksum") return set_old_checksum(reader, draft, statement);
  if (keyword == "unicast_ttl") return set_unicast_ttl(reader, draft, statement);
  if (keyword == "native_ipv6") {
    if (draft.family == net::Family::ipv4) {
      reader.diagnostics.tolerated_error(
          statement.where,
          fmt::format("({}) native_ipv6 in an instance of IPv4 - ignoring", draft.instance.name));
      return;
    }
    draft.family = net::Family::ipv6;
    return;
  }
  const auto value = reader.boolean(statement);
  if (!value) return;
  if (keyword == "unicast_fault_no_peer") {
    draft.wants_unicast = true;
    wire.fault_without_peers = *value;
  } else if (keyword == "v3_checksum_as_v2") {
    wire.checksum_as_version2 = *value;
  } else if (keyword == "track_src_ip") {
    wire.track_source = *value;
  } else if (keyword == "lower_prio_no_advert") {
    draft.lower_priority_no_advert = *value;
  } else if (keyword == "higher_prio_send_advert") {
    note_last_advert(reader, statement, *value);
  } else if (keyword == "owner_ignore_adverts") {
    wire.owner_ignores_adverts = *value;
  } else if (keyword == "promote_secondaries") {
    wire.promote_secondaries = *value;
  }
}

void read_wire_globals(Reader& reader, const Statement& statement) {
  const std::string& keyword = statement.keyword();
  if (keyword == "vrrp_mcast_group6") return set_multicast_group6(reader, statement);
  if (keyword == "vrrp_garp_interval") {
    if (const auto value = pause(reader, statement)) reader.model.garp_interval = *value;
    return;
  }
  if (keyword == "vrrp_gna_interval") {
    if (const auto value = pause(reader, statement)) reader.model.wire.gna_interval = *value;
    return;
  }
  const auto value = reader.boolean(statement);
  if (!value) return;
  if (keyword == "log_unknown_vrids") {
    reader.model.wire.log_unknown_router_ids = *value;
  } else if (keyword == "vrrp_lower_prio_no_advert") {
    reader.defaults.lower_priority_no_advert = *value;
  } else if (keyword == "vrrp_higher_prio_send_advert") {
    note_last_advert(reader, statement, *value);
  } else if (keyword == "vrrp_owner_ignore_adverts") {
    reader.defaults.wire.owner_ignores_adverts = *value;
  }
}

void read_garp_group(Reader& reader, const Statement& block) {
  GarpGroup group;
  for (const Statement& statement : block.block) {
    const std::string& keyword = statement.keyword();
    if (keyword == "garp_interval") {
      if (const auto value = pause(reader, statement)) group.garp_interval = *value;
    } else if (keyword == "gna_interval") {
      if (const auto value = pause(reader, statement)) group.gna_interval = *value;
    } else if (keyword == "interface") {
      add_interface(reader, group, statement.word(1), statement.place(1));
    } else if (keyword == "interfaces") {
      for (const Statement& line : statement.block) {
        for (const auto& word : line.words) add_interface(reader, group, word.text, line.where);
      }
    } else if (keyword != "{") {
      reader.diagnostics.tolerated_error(statement.where,
                                         fmt::format("Unknown keyword '{}'", keyword));
    }
  }
  if (!group.garp_interval && !group.gna_interval) {
    reader.diagnostics.tolerated_error(block.where, "No garp_interval or gna_interval specified");
  } else if (group.interfaces.empty()) {
    reader.diagnostics.tolerated_error(block.where, "garp_group has no interfaces - ignoring");
  } else {
    reader.model.wire.garp_groups.push_back(std::move(group));
  }
}

void settle_wire(Reader& reader, InstanceDraft& draft) {
  VrrpInstance& instance = draft.instance;
  instance.wire.family = draft.family.value_or(net::Family::ipv4);
  instance.wire.lower_priority_no_advert = draft.lower_priority_no_advert.value_or(instance.strict);
  if (draft.unicast_ttl_place && instance.unicast_peers.empty()) {
    reader.diagnostics.tolerated_error(
        *draft.unicast_ttl_place,
        fmt::format("({}): Cannot use unicast_ttl without unicast peers - resetting",
                    instance.name));
    instance.wire.unicast_ttl = 255;
  }
  if (instance.wire.fault_without_peers && !instance.unicast_peers.empty()) {
    instance.wire.fault_without_peers = false;
  }
}

}  // namespace baton::config::keepalived
