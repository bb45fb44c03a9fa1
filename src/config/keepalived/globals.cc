// global_defs: wherever it stands, it applies to the whole file.

#include <fmt/format.h>

#include "config/keepalived/command.h"
#include "config/keepalived/grammar.h"
#include "config/keepalived/guard.h"

namespace baton::config::keepalived {

namespace {

// What cannot be settled before all of global_defs has been seen.
struct Globals {
  bool has_script_user = false;
  std::optional<Position> failed_script_user;
};

void router_id(Reader& reader, Globals&, const Statement& statement) {
  if (statement.words.size() < 2) {
    reader.diagnostics.tolerated_error(statement.where, "routerid name missing - ignoring");
    return;
  }
  reader.model.router_id = statement.word(1);
}

void script_user(Reader& reader, Globals& globals, const Statement& statement) {
  if (auto user = read_account(reader, statement, 1)) {
    reader.model.script_user = *user;
    globals.has_script_user = true;
  } else {
    globals.failed_script_user = statement.where;
  }
}

void script_security(Reader& reader, Globals&, const Statement& statement) {
  reader.model.script_security = true;
  if (statement.words.size() > 1) {
    reader.diagnostics.note(statement.place(1),
                            "enable_script_security takes no value: whatever is said, it is on");
  }
}

void version(Reader& reader, Globals&, const Statement& statement) {
  const auto value =
      reader.whole(statement, 1, 2, 3, "VRRP Error: Version must be either 2 or 3, using 2");
  if (!value) return;
  reader.defaults.version = static_cast<std::uint8_t>(*value);
  reader.defaults.version_place = statement.place(1);
}

void multicast_group(Reader& reader, Globals&, const Statement& statement) {
  const auto group = net::IpAddress::parse(statement.word(1));
  if (!group || !group->is_ipv4()) {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("Can't parse vrrp_mcast_group4 [{}]. Skipping", statement.word(1)));
  } else if (!group->is_multicast()) {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("vrrp_mcast_group4 [{}] is not multicast. Skipping", statement.word(1)));
  } else {
    reader.model.multicast_group = *group;
  }
}

void wire(Reader& reader, Globals&, const Statement& statement) {
  read_wire_globals(reader, statement);
}

void start_delay(Reader& reader, Globals&, const Statement& statement) {
  const auto value =
      reader.seconds(statement, 1, 0, 4294, fmt::format("{} is ignored", statement.keyword()));
  if (!value) return;
  (statement.keyword() == "vrrp_startup_delay" ? reader.model.startup_delay
                                               : reader.model.delay_after_boot) = *value;
}

void garp(Reader& reader, Globals&, const Statement& statement) {
  read_garp(reader, reader.defaults.garp, "",
            std::string_view(statement.keyword()).substr(sizeof "vrrp_" - 1), statement);
}

void guard(Reader& reader, Globals&, const Statement& statement) {
  read_guard_option(reader, reader.model.guard, "", statement);
}

void heartbeat_port(Reader& reader, Globals&, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 1, 65535, "heartbeat_port is ignored");
  if (value) reader.model.heartbeat_port = static_cast<std::uint16_t>(*value);
}

void minimal_garp(Reader& reader, Globals&, const Statement& statement) {
  if (!reader.boolean(statement).value_or(false)) return;
  reader.defaults.garp.delay = 0s;
  reader.defaults.garp.repeat = 1;
}

void dynamic_interfaces(Reader& reader, Globals&, const Statement& statement) {
  reader.model.dynamic_interfaces = true;
  const std::string& option = statement.word(1);
  if (!option.empty() && option != "allow_if_changes") {
    reader.diagnostics.tolerated_error(
        statement.place(1), fmt::format("Unknown dynamic_interfaces option '{}'", option));
  }
}

void down_timer(Reader& reader, Globals&, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 1, 100, "vrrp_down_timer_adverts is ignored");
  if (value) reader.defaults.down_timer_adverts = static_cast<std::uint8_t>(*value);
}

void fast_failover(Reader& reader, Globals&, const Statement& statement) {
  if (const auto wish = read_fast_failover(reader, statement)) reader.model.fast_failover = *wish;
}

void scheduling(Reader& reader, Globals&, const Statement& statement) {
  read_scheduling(reader, statement);
}

void default_interface(Reader& reader, Globals&, const Statement& statement) {
  reader.defaults.interface = statement.word(1);
}

void vmac_prefix(Reader& reader, Globals&, const Statement& statement) {
  const bool of_addresses = statement.keyword() == "vmac_addr_prefix";
  (of_addresses ? reader.defaults.vmac_address_prefix : reader.defaults.vmac_prefix) =
      statement.word(1);
}

void extra_announcements(Reader& reader, Globals&, const Statement& statement) {
  read_extra_announcements(reader, statement, reader.defaults.announcements);
}

void link_beat_everywhere(Reader& reader, Globals&, const Statement& statement) {
  read_link_beat_everywhere(reader, statement);
}

template <bool InstanceDefaults::* Member>
void default_flag(Reader& reader, Globals&, const Statement& statement) {
  reader.defaults.*Member = reader.boolean(statement).value_or(reader.defaults.*Member);
}

void pair_word(Reader& reader, Globals&, const Statement& statement) {
  read_pair_word(reader, statement);
}

constexpr Keyword<Globals> keywords[] = {
    {"router_id", Shape::line, 0, router_id},
    {"script_user", Shape::line, 1, script_user},
    {"enable_script_security", Shape::line, 0, script_security},
    {"vrrp_version", Shape::line, 1, version},
    {"vrrp_mcast_group4", Shape::line, 1, multicast_group},
    {"vrrp_mcast_group6", Shape::line, 1, wire},
    {"vrrp_garp_interval", Shape::line, 1, wire},
    {"vrrp_gna_interval", Shape::line, 1, wire},
    {"vrrp_lower_prio_no_advert", Shape::line, 0, wire},
    {"vrrp_higher_prio_send_advert", Shape::line, 0, wire},
    {"vrrp_owner_ignore_adverts", Shape::line, 0, wire},
    {"log_unknown_vrids", Shape::line, 0, wire},
    {"vrrp_startup_delay", Shape::line, 1, start_delay},
    {"vrrp_delay_after_boot", Shape::line, 1, start_delay},
    {"heartbeat_interface", Shape::line, 1, guard},
    {"heartbeat_peer", Shape::line, 1, guard},
    {"heartbeat_interval", Shape::line, 1, guard},
    {"witness", Shape::line, 1, guard},
    {"witness_timeout", Shape::line, 1, guard},
    {"takeover_link_wait", Shape::line, 1, guard},
    {"heartbeat_port", Shape::line, 1, heartbeat_port},
    {"vrrp_garp_master_delay", Shape::line, 1, garp},
    {"vrrp_garp_master_repeat", Shape::line, 1, garp},
    {"vrrp_garp_master_refresh", Shape::line, 1, garp},
    {"vrrp_garp_master_refresh_repeat", Shape::line, 1, garp},
    {"vrrp_garp_lower_prio_delay", Shape::line, 1, garp},
    {"vrrp_garp_lower_prio_repeat", Shape::line, 1, garp},
    {"vrrp_min_garp", Shape::line, 0, minimal_garp},
    {"vrrp_skip_check_adv_addr", Shape::line, 0,
     default_flag<&InstanceDefaults::skip_check_advert_addresses>},
    {"vrrp_strict", Shape::line, 0, default_flag<&InstanceDefaults::strict>},
    {"vrrp_check_unicast_src", Shape::line, 0,
     default_flag<&InstanceDefaults::check_unicast_source>},
    {"vrrp_down_timer_adverts", Shape::line, 1, down_timer},
    {"vmac_prefix", Shape::line, 1, vmac_prefix},
    {"vmac_addr_prefix", Shape::line, 1, vmac_prefix},
    {"vrrp_garp_extra_if", Shape::line, 1, extra_announcements},
    {"vrrp_vmac_garp_intvl", Shape::line, 1, extra_announcements},
    {"default_interface", Shape::line, 1, default_interface},
    {"linkbeat_use_polling", Shape::line, 0, link_beat_everywhere},
    {"dynamic_interfaces", Shape::line, 0, dynamic_interfaces},
    {"fast_failover", Shape::line, 1, fast_failover},
    {"vrrp_rt_priority", Shape::line, 1, scheduling},
    {"vrrp_priority", Shape::line, 1, scheduling},
    {"vrrp_no_swap", Shape::line, 0, scheduling},
    {"vrrp_cpu_affinity", Shape::line, 1, scheduling},
    {"vrrp_rlimit_rttime", Shape::line, 1, scheduling},
    {"vrrp_rlimit_rtime", Shape::line, 1, scheduling},
    {"max_auto_priority", Shape::line, 0, scheduling},
    {"pair_key", Shape::line, 1, pair_word},
    {"pair_peer", Shape::line, 1, pair_word},
    {"pair_listen", Shape::line, 1, pair_word},
    {"handover_timeout", Shape::line, 1, pair_word},
};

}  // namespace

void read_global_defs(Reader& reader, const Statement& block) {
  Globals globals;
  apply_statements<Globals>(reader, globals, block.block, Section::globals, keywords);
  read_messages(reader, block);
  read_places(reader, block);
  read_packet_filter(reader, block);
  // Falling back to root where the file asked for less is what script security forbids.
  if (globals.failed_script_user && !globals.has_script_user && reader.model.script_security) {
    reader.diagnostics.error(*globals.failed_script_user,
                             "Error setting global script uid/gid: with enable_script_security "
                             "scripts do not fall back to another account");
  }
}

void settle_globals(Reader& reader, const std::string& host_name) {
  if (reader.model.router_id.empty()) reader.model.router_id = host_name;
}

}  // namespace baton::config::keepalived
