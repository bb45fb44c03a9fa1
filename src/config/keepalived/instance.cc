// vrrp_instance: one virtual router. This file reads its keywords one by one; what only makes
// sense together is settled in instance_checks.cc once the block is complete.

#include <fmt/format.h>

#include <span>

#include "config/keepalived/grammar.h"
#include "config/keepalived/guard.h"
#include "config/secrets.h"

namespace baton::config::keepalived {

namespace {

constexpr std::size_t longest_interface_name = 15;
constexpr std::size_t longest_password = 8;

std::string owner_of(const InstanceDraft& draft) {
  return fmt::format("({})", draft.instance.name);
}

void state(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const std::string& word = statement.word(1);
  if (word != "MASTER" && word != "BACKUP") {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("{} unknown state '{}', defaulting to BACKUP", owner_of(draft), word),
        "say MASTER or BACKUP, in capitals");
    return;
  }
  if (draft.state == "MASTER" && word == "BACKUP") {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("{} state previously set as MASTER - ignoring BACKUP", owner_of(draft)));
    return;
  }
  draft.state = word;
}

void interface(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const std::string& name = statement.word(1);
  if (name.size() > longest_interface_name) {
    reader.diagnostics.tolerated_error(
        statement.place(1), fmt::format("Interface name '{}' too long - ignoring", name));
    return;
  }
  draft.instance.interface = name;
}

void virtual_router_id(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 1, 255,
                                  fmt::format("{}: VRID '{}' not valid - must be between 1 & 255",
                                              owner_of(draft), statement.word(1)));
  draft.router_id_failed = !value;
  if (!value) return;
  draft.has_router_id = true;
  draft.instance.virtual_router_id = static_cast<std::uint8_t>(*value);
}

void priority(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const auto value =
      reader.whole(statement, 1, 1, 255,
                   fmt::format("{} Priority not valid! must be between 1 & 255. Using default 100",
                               owner_of(draft)));
  draft.has_priority = true;
  draft.instance.priority = static_cast<std::uint8_t>(value.value_or(100));
}

void advert_interval(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const auto value =
      reader.seconds(statement, 1, 0.01, 255,
                     fmt::format("{} Advert interval ({}) not valid! Must be > 0 - ignoring",
                                 owner_of(draft), statement.word(1)));
  if (!value) return;
  draft.instance.advert_interval = *value;
  draft.interval_place = statement.place(1);
}

void auth_type(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const std::string& word = statement.word(1);
  if (word != "PASS" && word != "AH") {
    reader.diagnostics.tolerated_error(
        statement.place(1),
        fmt::format("{} unknown authentication type '{}'", owner_of(draft), word),
        "say PASS or AH, in capitals");
    return;
  }
  draft.auth_type = word;
}

void auth_password(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  draft.instance.password = statement.word(1);
  draft.password_place = statement.place(1);
  if (draft.instance.password.size() <= longest_password) return;
  reader.diagnostics.warning(statement.place(1),
                             "Truncating auth_pass to 8 characters: the rest never was sent");
  draft.instance.password.resize(longest_password);
}

constexpr Keyword<InstanceDraft> authentication_keywords[] = {
    {"auth_type", Shape::line, 1, auth_type},
    {"auth_pass", Shape::line, 1, auth_password},
};

void authentication(Reader& reader, InstanceDraft& draft, const Statement& block) {
  draft.authentication_place = block.where;
  apply_statements<InstanceDraft>(reader, draft, block.block, Section::authentication,
                                  authentication_keywords);
}

void source_address(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  if (statement.keyword() == "unicast_src_ip") draft.wants_unicast = true;
  if (const auto ip = read_source_address(reader, draft, statement)) {
    draft.instance.source_address = *ip;
  }
}

void nopreempt(Reader&, InstanceDraft& draft, const Statement& statement) {
  draft.instance.nopreempt = true;
  draft.nopreempt_place = statement.where;
}

void preempt(Reader&, InstanceDraft& draft, const Statement&) {
  draft.instance.nopreempt = false;
}

void preempt_delay(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const auto value = reader.seconds(
      statement, 1, 0, 1000,
      fmt::format("{} Preempt_delay not valid! must be between 0-1000", owner_of(draft)));
  if (!value) return;
  draft.instance.preempt_delay = *value;
  draft.preempt_delay_place = statement.where;
}

void version(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const auto value = reader.whole(
      statement, 1, 2, 3, fmt::format("{}: Version must be either 2 or 3", owner_of(draft)));
  if (!value) return;
  draft.instance.version = static_cast<std::uint8_t>(*value);
  draft.version_place = statement.place(1);
}

void garp(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  if (statement.keyword().starts_with("garp_lower")) draft.lower_priority_repeat_set = true;
  read_garp(reader, draft.instance.garp, owner_of(draft) + ": ", statement.keyword(), statement);
}

void notify(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  read_notify(reader, draft.instance.notify, owner_of(draft), statement);
}

void down_timer(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const auto value = reader.whole(statement, 1, 1, 100,
                                  fmt::format("{}: Invalid down_timer_adverts [1:100] '{}'",
                                              owner_of(draft), statement.word(1)));
  if (value) draft.instance.down_timer_adverts = static_cast<std::uint8_t>(*value);
}

void accept(Reader&, InstanceDraft& draft, const Statement& statement) {
  draft.accept = statement.keyword() == "accept";
}

void notify_option(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  read_notify_option(reader, draft.instance.notify, owner_of(draft), statement);
}

void smtp_alert(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  draft.smtp_alert = reader.boolean(statement);
}

void track_proxy(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  draft.instance.track_proxy = reader.boolean(statement);
}

void fast_failover(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  draft.instance.fast_failover = read_fast_failover(reader, statement);
}

void guard(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  read_guard_option(reader, draft.instance.guard, owner_of(draft) + " ", statement);
}

template <bool VrrpInstance::* Member, bool Negated = false>
void flag(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  const auto value = reader.boolean(statement);
  if (value) draft.instance.*Member = *value != Negated;
}

void link_beat(Reader&, InstanceDraft& draft, const Statement&) {
  draft.link_beat = true;
}

void extra_announcements(Reader& reader, InstanceDraft& draft, const Statement& statement) {
  read_extra_announcements(reader, statement, draft.instance.vmac);
}

void no_virtual_ipaddress(Reader&, InstanceDraft& draft, const Statement&) {
  draft.without_addresses_on_purpose = true;
}

constexpr Keyword<InstanceDraft> keywords[] = {
    {"state", Shape::line, 1, state},
    {"interface", Shape::line, 1, interface},
    {"virtual_router_id", Shape::line, 1, virtual_router_id},
    {"priority", Shape::line, 1, priority},
    {"advert_int", Shape::line, 1, advert_interval},
    {"authentication", Shape::block, 0, authentication},
    {"virtual_ipaddress", Shape::block, 0, read_addresses},
    {"virtual_ipaddress_excluded", Shape::block, 0, read_addresses},
    {"no_virtual_ipaddress", Shape::line, 0, no_virtual_ipaddress},
    {"unicast_src_ip", Shape::line, 1, source_address},
    {"mcast_src_ip", Shape::line, 1, source_address},
    {"unicast_peer", Shape::block, 0, read_unicast_peers},
    {"check_unicast_src", Shape::line, 0, flag<&VrrpInstance::check_unicast_source>},
    {"nopreempt", Shape::line, 0, nopreempt},
    {"preempt", Shape::line, 0, preempt},
    {"preempt_delay", Shape::line, 1, preempt_delay},
    {"track_script", Shape::block, 0, read_tracked_scripts},
    {"track_interface", Shape::block, 0, read_tracked_interfaces},
    {"use_vmac", Shape::line, 0, read_use_vmac},
    {"use_vmac_addr", Shape::line, 0, read_vmac_flag},
    {"vmac_xmit_base", Shape::line, 0, read_vmac_flag},
    {"garp_extra_if", Shape::line, 1, extra_announcements},
    {"garp_extra_if_vmac", Shape::line, 1, extra_announcements},
    {"vmac_garp_intvl", Shape::line, 1, extra_announcements},
    {"virtual_routes", Shape::block, 0, read_virtual_routes},
    {"virtual_rules", Shape::block, 0, read_virtual_rules},
    {"track_file", Shape::block, 0, read_tracked_files},
    {"track_process", Shape::block, 0, read_tracked_processes},
    {"linkbeat_use_polling", Shape::line, 0, link_beat},
    {"dont_track_primary", Shape::line, 0, flag<&VrrpInstance::track_primary_interface, true>},
    {"track_bfd", Shape::block, 0, read_tracked_bfds},
    {"track_proxy", Shape::line, 0, track_proxy},
    {"fast_failover", Shape::line, 1, fast_failover},
    {"heartbeat_interface", Shape::line, 1, guard},
    {"heartbeat_peer", Shape::line, 1, guard},
    {"heartbeat_interval", Shape::line, 1, guard},
    {"witness", Shape::line, 1, guard},
    {"witness_timeout", Shape::line, 1, guard},
    {"takeover_link_wait", Shape::line, 1, guard},
    {"garp_master_delay", Shape::line, 1, garp},
    {"garp_master_repeat", Shape::line, 1, garp},
    {"garp_master_refresh", Shape::line, 1, garp},
    {"garp_master_refresh_repeat", Shape::line, 1, garp},
    {"garp_lower_prio_delay", Shape::line, 1, garp},
    {"garp_lower_prio_repeat", Shape::line, 1, garp},
    {"notify_master", Shape::line, 1, notify},
    {"notify_backup", Shape::line, 1, notify},
    {"notify_fault", Shape::line, 1, notify},
    {"notify_stop", Shape::line, 1, notify},
    {"notify", Shape::line, 1, notify},
    {"notify_master_rx_lower_pri", Shape::line, 1, notify},
    {"notify_deleted", Shape::line, 0, notify_option},
    {"notify_priority_changes", Shape::line, 0, notify_option},
    {"smtp_alert", Shape::line, 0, smtp_alert},
    {"version", Shape::line, 1, version},
    {"accept", Shape::line, 0, accept},
    {"no_accept", Shape::line, 0, accept},
    {"down_timer_adverts", Shape::line, 1, down_timer},
    {"skip_check_adv_addr", Shape::line, 0, flag<&VrrpInstance::skip_check_advert_addresses>},
    {"strict_mode", Shape::line, 0, flag<&VrrpInstance::strict>},
    {"auth_hmac", Shape::block, 0, read_hmac},
    {"native_ipv6", Shape::line, 0, read_wire},
    {"mcast_dst_ip", Shape::line, 1, read_wire},
    {"unicast_ttl", Shape::line, 1, read_wire},
    {"unicast_fault_no_peer", Shape::line, 0, read_wire},
    {"old_unicast_checksum", Shape::line, 0, read_wire},
    {"v3_checksum_as_v2", Shape::line, 0, read_wire},
    {"track_src_ip", Shape::line, 0, read_wire},
    {"lower_prio_no_advert", Shape::line, 0, read_wire},
    {"higher_prio_send_advert", Shape::line, 0, read_wire},
    {"owner_ignore_adverts", Shape::line, 0, read_wire},
    {"promote_secondaries", Shape::line, 0, read_wire},
};

InstanceDraft with_defaults(const InstanceDefaults& defaults) {
  InstanceDraft draft;
  draft.instance.garp = defaults.garp;
  draft.instance.vmac = defaults.announcements;
  draft.instance.version = defaults.version;
  draft.instance.skip_check_advert_addresses = defaults.skip_check_advert_addresses;
  draft.instance.strict = defaults.strict;
  draft.instance.check_unicast_source = defaults.check_unicast_source;
  draft.instance.down_timer_adverts = defaults.down_timer_adverts;
  draft.instance.wire = defaults.wire;
  draft.lower_priority_no_advert = defaults.lower_priority_no_advert;
  draft.instance.notify.priority_changes = defaults.priority_changes;
  return draft;
}

// Where everything was written. What is secret stays out.
void note_places(OptionPlaces& places, const std::vector<Statement>& statements) {
  for (const Statement& statement : statements) {
    const bool is_secret = statement.keyword() == "auth_pass" || statement.keyword() == "auth_hmac";
    std::string text = is_secret ? statement.keyword() + " ****" : without_secrets(statement.raw);
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    text = text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
    places[statement.keyword()] = {statement.where, std::move(text)};
    if (statement.keyword() == "authentication") note_places(places, statement.block);
    if (statement.keyword() != "virtual_ipaddress") continue;
    // The list itself is what is of interest.
    std::string& list = places[statement.keyword()].text;
    list += " {";
    for (const Statement& address : statement.block) list += " " + address.keyword();
    list += " }";
  }
}

}  // namespace

void read_instance(Reader& reader, const Statement& block) {
  InstanceDraft draft = with_defaults(reader.defaults);
  draft.instance.name = block.word(1);
  draft.instance.where = block.place(1);
  if (draft.instance.name.empty()) {
    reader.diagnostics.tolerated_error(block.where, "vrrp_instance must have a name");
    return;
  }
  if (!reader.instance_names.insert(draft.instance.name).second) {
    reader.diagnostics.tolerated_error(
        draft.instance.where, fmt::format("vrrp instance {} already defined: this block is skipped",
                                          draft.instance.name));
    return;
  }
  apply_statements<InstanceDraft>(reader, draft, block.block, Section::instance, keywords);
  settle_instance(reader, draft);
  note_places(draft.instance.places, block.block);
  settle_guard_options(reader, draft.instance);
  if (draft.link_beat) add_link_beat(reader, {draft.instance.interface, LinkBeat::Way::mii});
  reader.model.instances.push_back(std::move(draft.instance));
}

}  // namespace baton::config::keepalived
