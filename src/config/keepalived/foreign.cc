// The table of keepalived's words that baton has no use for or does not offer yet.

#include "config/keepalived/foreign.h"

#include <fmt/format.h>

#include <algorithm>

namespace baton::config::keepalived {

namespace {

enum class Verdict : std::uint8_t {
  understood,     // it took effect when the lines were read
  no_effect,      // accepted, with a note for this word
  lvs,            // accepted; one note for all words of the virtual server part
  monitoring,     // accepted; one note for SNMP and DBus
  tuning,         // accepted; one note for buffers, priorities, CPU binding, process names
  unsupported,    // the file is refused
  skipped_block,  // a whole block of the LVS part: skipped, one note for each kind
};

struct Foreign {
  std::string_view name;
  Verdict verdict;
  std::string_view remark = "";
};

constexpr Foreign outside_words[] = {
    {"virtual_server", Verdict::skipped_block},
    {"virtual_server_group", Verdict::skipped_block},
    {"real_server", Verdict::skipped_block},
    {"sorry_server", Verdict::skipped_block},
    {"SSL", Verdict::skipped_block},
};

// These stand outside of every block, and nowhere else.
constexpr Foreign root_words[] = {
    {"net_namespace", Verdict::understood},     {"net_namespace_ipvs", Verdict::lvs},
    {"namespace_with_ipsets", Verdict::tuning}, {"instance", Verdict::understood},
    {"use_pid_dir", Verdict::understood},       {"child_wait_time", Verdict::understood},
};

constexpr Foreign global_words[] = {
    {"tmp_config_directory", Verdict::tuning},
    {"config_save_dir", Verdict::tuning},
    {"process_names", Verdict::understood},
    {"process_name", Verdict::understood},
    {"vrrp_process_name", Verdict::understood},
    {"checker_process_name", Verdict::lvs},
    {"bfd_process_name", Verdict::tuning},
    {"startup_script", Verdict::understood},
    {"startup_script_timeout", Verdict::understood},
    {"shutdown_script", Verdict::understood},
    {"shutdown_script_timeout", Verdict::understood},
    {"notification_email", Verdict::understood},
    {"notification_email_from", Verdict::understood},
    {"smtp_server", Verdict::understood},
    {"smtp_helo_name", Verdict::understood},
    {"smtp_connect_timeout", Verdict::understood},
    {"smtp_alert", Verdict::understood},
    {"smtp_alert_vrrp", Verdict::understood},
    {"smtp_alert_checker", Verdict::lvs},
    {"no_email_faults", Verdict::understood},
    {"no_checker_emails", Verdict::lvs},
    {"checker_log_all_failures", Verdict::lvs},
    {"rs_init_notifies", Verdict::lvs},
    {"lvs_sync_daemon", Verdict::lvs},
    {"lvs_timeouts", Verdict::lvs},
    {"lvs_flush", Verdict::lvs},
    {"lvs_flush_on_stop", Verdict::lvs},
    {"lvs_flush_onstop", Verdict::lvs},
    {"lvs_notify_fifo", Verdict::lvs},
    {"lvs_notify_fifo_script", Verdict::lvs},
    {"lvs_netlink_cmd_rcv_bufs", Verdict::lvs},
    {"lvs_netlink_cmd_rcv_bufs_force", Verdict::lvs},
    {"lvs_netlink_monitor_rcv_bufs", Verdict::lvs},
    {"lvs_netlink_monitor_rcv_bufs_force", Verdict::lvs},
    {"nftables_ipvs", Verdict::lvs},
    {"nftables_ipvs_priority", Verdict::lvs},
    {"nftables_ipvs_start_fwmark", Verdict::lvs},
    {"checker_priority", Verdict::lvs},
    {"checker_no_swap", Verdict::lvs},
    {"checker_cpu_affinity", Verdict::lvs},
    {"checker_rt_priority", Verdict::lvs},
    {"checker_rlimit_rttime", Verdict::lvs},
    {"checker_rlimit_rtime", Verdict::lvs},
    {"vrrp_notify_priority_changes", Verdict::understood},
    {"notify_fifo", Verdict::understood},
    {"notify_fifo_script", Verdict::understood},
    {"vrrp_notify_fifo", Verdict::understood},
    {"vrrp_notify_fifo_script", Verdict::understood},
    {"fifo_write_vrrp_states_on_reload", Verdict::understood},
    {"nftables", Verdict::understood},
    {"nftables_priority", Verdict::understood},
    {"nftables_counters", Verdict::understood},
    {"nftables_ifindex", Verdict::no_effect, "its rules name addresses, not interfaces"},
    {"vrrp_iptables", Verdict::no_effect, "no_accept is done by nftables"},
    {"vrrp_ipsets", Verdict::no_effect, "no_accept is done by nftables"},
    {"iptables", Verdict::no_effect, "no_accept is done by nftables"},
    {"disable_local_igmp", Verdict::no_effect},
    {"min_auto_priority_delay", Verdict::tuning},
    {"bfd_priority", Verdict::tuning},
    {"bfd_no_swap", Verdict::tuning},
    {"bfd_cpu_affinity", Verdict::tuning},
    {"bfd_rt_priority", Verdict::tuning},
    {"bfd_rlimit_rttime", Verdict::tuning},
    {"bfd_rlimit_rtime", Verdict::tuning},
    {"vrrp_netlink_cmd_rcv_bufs", Verdict::tuning},
    {"vrrp_netlink_cmd_rcv_bufs_force", Verdict::tuning},
    {"vrrp_netlink_monitor_rcv_bufs", Verdict::tuning},
    {"vrrp_netlink_monitor_rcv_bufs_force", Verdict::tuning},
    {"process_monitor_rcv_bufs", Verdict::tuning},
    {"process_monitor_rcv_bufs_force", Verdict::tuning},
    {"vrrp_rx_bufs_policy", Verdict::tuning},
    {"vrrp_rx_bufs_multiplier", Verdict::tuning},
    {"umask", Verdict::understood},
    {"set_supplementary_groups", Verdict::tuning},
    {"use_symlink_paths", Verdict::tuning},
    {"iproute_usr_dir", Verdict::tuning},
    {"iproute_etc_dir", Verdict::tuning},
    {"data_use_instance", Verdict::understood},
    {"json_version", Verdict::understood},
    {"state_dump_file", Verdict::understood},
    {"stats_dump_file", Verdict::understood},
    {"json_dump_file", Verdict::understood},
    {"dump_file_location", Verdict::tuning},
    {"random_seed", Verdict::understood},
    {"include_check", Verdict::understood},
    {"snmp_socket", Verdict::monitoring},
    {"enable_snmp_vrrp", Verdict::monitoring},
    {"enable_snmp_checker", Verdict::monitoring},
    {"enable_snmp_keepalived", Verdict::monitoring},
    {"enable_snmp_rfc", Verdict::monitoring},
    {"enable_snmp_rfcv2", Verdict::monitoring},
    {"enable_snmp_rfcv3", Verdict::monitoring},
    {"enable_traps", Verdict::monitoring},
    {"enable_dbus", Verdict::monitoring},
    {"dbus_service_name", Verdict::monitoring},
    {"dbus_no_interface_name", Verdict::monitoring},
    {"reload_check_config", Verdict::understood},
    {"reload_time_file", Verdict::understood},
    {"reload_repeat", Verdict::understood},
    {"reload_file", Verdict::understood},
};

constexpr Foreign instance_words[] = {
    {"use_ipvlan", Verdict::unsupported},
    {"vrf", Verdict::unsupported},
    {"timer_expired_backup", Verdict::no_effect, "a node that overslept always yields"},
    {"kernel_rx_buf_size", Verdict::tuning},
    {"debug", Verdict::no_effect},
    {"lvs_sync_daemon_interface", Verdict::lvs},
};

std::vector<Foreign> words_of(Section section) {
  std::vector<Foreign> words;
  const auto add = [&words](const auto& table) {
    words.insert(words.end(), std::begin(table), std::end(table));
  };
  switch (section) {
    case Section::outside:
      add(outside_words);
      add(root_words);
      break;
    case Section::globals:
      add(global_words);
      break;
    case Section::instance:
      add(instance_words);
      break;
    case Section::sync_group:
    case Section::script:
    case Section::authentication:
    case Section::bfd:
    case Section::track_file:
    case Section::track_process:
      break;
  }
  return words;
}

void note(Reader& reader, const Foreign& foreign, const Statement& statement) {
  switch (foreign.verdict) {
    case Verdict::lvs:
      reader.note_once(
          "lvs", statement.where,
          fmt::format("{}: baton has no LVS part; its settings have no effect", foreign.name));
      return;
    case Verdict::monitoring:
      reader.note_once("monitoring", statement.where,
                       fmt::format("{}: baton has no SNMP and no DBus; use `baton status --json`",
                                   foreign.name));
      return;
    case Verdict::tuning:
      reader.note_once(std::string(foreign.name), statement.where,
                       fmt::format("{} has no effect in baton", foreign.name));
      return;
    case Verdict::skipped_block:
      reader.note_once(std::string(foreign.name), statement.where,
                       fmt::format("{} blocks are skipped: baton balances by its proxy, not by LVS",
                                   foreign.name));
      return;
    default:
      reader.note_once(std::string(foreign.name), statement.where,
                       fmt::format("{} has no effect in baton{}{}", foreign.name,
                                   foreign.remark.empty() ? "" : ": ", foreign.remark));
  }
}

}  // namespace

bool handle_foreign(Reader& reader, Section section, const Statement& statement) {
  for (const Foreign& foreign : words_of(section)) {
    if (foreign.name != statement.keyword()) continue;
    if (foreign.verdict == Verdict::understood) return true;
    if (foreign.verdict == Verdict::unsupported) {
      reader.unsupported(statement.where, fmt::format("'{}'", foreign.name), foreign.remark);
    } else {
      note(reader, foreign, statement);
    }
    return true;
  }
  return false;
}

std::vector<std::string_view> foreign_words(Section section) {
  std::vector<std::string_view> names;
  for (const Foreign& foreign : words_of(section)) names.push_back(foreign.name);
  return names;
}

}  // namespace baton::config::keepalived
