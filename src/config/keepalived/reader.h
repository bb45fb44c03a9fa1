// What the topic files of this folder share while one keepalived.conf is read: where problems go,
// the model under construction, the defaults that global_defs set, and the helpers that take a
// typed value out of a statement and report what is wrong with it in keepalived's words.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "config/keepalived/tree.h"
#include "config/model/failover.h"
#include "config/source.h"

namespace baton::config::keepalived {

// Whether an element of `range` has `value` in member `projection`.
template <typename Range, typename Value, typename Projection = std::identity>
bool contains(const Range& range, const Value& value, Projection projection = {}) {
  return std::ranges::find(range, value, projection) != std::ranges::end(range);
}

// Defaults for instances, from global_defs.
struct InstanceDefaults {
  GarpSchedule garp;
  std::uint8_t version = 2;
  std::optional<Position> version_place;
  bool skip_check_advert_addresses = false;
  bool strict = false;
  bool check_unicast_source = false;
  std::optional<bool> smtp_alert;
  std::optional<bool> smtp_alert_vrrp;
  bool priority_changes = false;  // vrrp_notify_priority_changes
  std::uint8_t down_timer_adverts = 3;
  std::string vmac_prefix = "vrrp";
  std::string vmac_address_prefix;  // empty: as vmac_prefix
  VirtualMac announcements;         // vrrp_garp_extra_if
  std::string interface = "eth0";   // default_interface: of static addresses that name none
  Wire wire;
  std::optional<bool> lower_priority_no_advert;  // absent: on in strict mode
};

// What is known about a vrrp_script besides its model.
struct ScriptFacts {
  std::size_t order = 0;  // of its block in the file
  std::string problem;    // why its command cannot be run; empty: it can
  bool is_tracked = false;
};

class Reader {
 public:
  Reader(Diagnostics& problems, bool files_can_be_checked)
      : diagnostics(problems), checks_files(files_can_be_checked) {}

  // The whole number in word `index`, between `low` and `high`; otherwise null after a tolerated
  // error that ends in `consequence`: what is used instead.
  std::optional<std::int64_t> whole(const Statement& statement, std::size_t index, std::int64_t low,
                                    std::int64_t high, std::string_view consequence);
  // A time in seconds with decimals, in the same manner.
  std::optional<Duration> seconds(const Statement& statement, std::size_t index, double low,
                                  double high, std::string_view consequence);
  // on/off/true/false/yes/no in word 1; no word at all means on. Null after a tolerated error.
  std::optional<bool> boolean(const Statement& statement);

  // One note for all keywords of one kind, at the first of them.
  void note_once(const std::string& kind, const Position& where, const std::string& message);
  // An error: `what` is keepalived's and baton does not have it.
  void unsupported(const Position& where, std::string_view what, std::string_view remark = "");

  Diagnostics& diagnostics;
  const bool checks_files;  // false when the sources are replayed: the disk is not ours to ask
  Failover model;
  InstanceDefaults defaults;
  std::map<std::string, std::uint32_t, std::less<>> script_index;
  std::vector<ScriptFacts> script_facts;  // one for each of model.scripts
  std::set<std::string> instance_names;
  std::size_t order = 0;                     // of the outer block being read
  SourceTree* sources = nullptr;             // for iproute2's names of numbers; may be null
  std::uint32_t next_rule_priority = 16384;  // for a rule that has none

 private:
  std::set<std::string> noted_;
};

// An instance while it is read: the model, and what was said how and where.
struct InstanceDraft {
  VrrpInstance instance;
  std::optional<std::string> state;
  bool has_priority = false;
  bool has_router_id = false;
  bool router_id_failed = false;
  bool wants_unicast = false;  // any unicast keyword was used
  bool without_addresses_on_purpose = false;
  std::optional<bool> accept;
  std::optional<bool> smtp_alert;
  std::optional<Position> version_place;
  std::optional<Position> authentication_place;
  std::optional<Position> password_place;
  std::string auth_type;
  std::optional<Position> nopreempt_place;
  std::optional<Position> preempt_delay_place;
  std::optional<Position> interval_place;
  std::optional<net::Family> family;  // of what was said first
  std::optional<Position> unicast_ttl_place;
  std::optional<bool> lower_priority_no_advert;
  bool link_beat = false;
  bool lower_priority_repeat_set = false;
};

// What a tracked thing does to the priority, as far as its line says.
struct TrackedWeight {
  std::optional<int> value;
  std::optional<bool> reverse;
};

// One file per topic. Each takes the outer block's statement.
void read_global_defs(Reader& reader, const Statement& block);                     // globals.cc
void settle_globals(Reader& reader, const std::string& host_name);                 // globals.cc
void read_messages(Reader& reader, const Statement& block);                        // messages.cc
void read_places(Reader& reader, const Statement& block);                          // places.cc
void read_outer_places(Reader& reader, const std::vector<Statement>& statements);  // places.cc
void read_packet_filter(Reader& reader, const Statement& block);  // packet_filter.cc
void settle_places(Reader& reader);                               // places.cc
void read_script(Reader& reader, const Statement& block);         // script.cc
void settle_scripts(Reader& reader);                              // script.cc
void read_instance(Reader& reader, const Statement& block);       // instance.cc
void settle_instance(Reader& reader, InstanceDraft& draft);       // instance_checks.cc
void check_router_ids(Reader& reader);                            // instance_checks.cc
void read_sync_group(Reader& reader, const Statement& block);     // sync_group.cc
std::vector<Route> read_routes(Reader& reader, const Statement& block,
                               bool is_static);  // routes.cc
std::vector<RoutingRule> read_rules(Reader& reader, const Statement& block,
                                    bool is_static);                                   // rules.cc
void read_static_addresses(Reader& reader, const Statement& block);                    // statics.cc
void read_static_routes(Reader& reader, const Statement& block);                       // statics.cc
void read_static_rules(Reader& reader, const Statement& block);                        // statics.cc
void read_track_group(Reader& reader, const Statement& block);                         // statics.cc
void read_use_vmac(Reader& reader, InstanceDraft& draft, const Statement& statement);  // vmac.cc
void read_vmac_flag(Reader& reader, InstanceDraft& draft, const Statement& statement);  // vmac.cc
void read_extra_announcements(Reader& reader, const Statement& statement,
                              VirtualMac& vmac);                        // vmac.cc
void settle_vmacs(Reader& reader);                                      // vmac.cc
void settle_statics(Reader& reader);                                    // statics.cc
void read_track_file(Reader& reader, const Statement& block);           // track_file.cc
void read_track_process(Reader& reader, const Statement& block);        // track_process.cc
void read_interface_delays(Reader& reader, const Statement& block);     // interfaces.cc
void check_interface_delays(Reader& reader);                            // interfaces.cc
void read_link_beats(Reader& reader, const Statement& block);           // interfaces.cc
void read_link_beat_everywhere(Reader& reader, const Statement& line);  // interfaces.cc
void add_link_beat(Reader& reader, const LinkBeat& beat);               // interfaces.cc
void read_bfd_instance(Reader& reader, const Statement& block);         // bfd.cc
void read_pair_word(Reader& reader, const Statement& statement);        // pair.cc
void settle_pair(Reader& reader);                                       // pair.cc

// Packets and announcements (wire.cc).
void read_wire(Reader& reader, InstanceDraft& draft, const Statement& statement);
void read_wire_globals(Reader& reader, const Statement& statement);
void read_garp_group(Reader& reader, const Statement& block);
void read_hmac(Reader& reader, InstanceDraft& draft, const Statement& block);  // hmac.cc
void settle_wire(Reader& reader, InstanceDraft& draft);
// True when `address` is of the instance's family, which the first one decides.
bool fits_family(InstanceDraft& draft, const net::IpAddress& address);

// Value blocks of instances and groups.
void read_addresses(Reader& reader, InstanceDraft& draft, const Statement& block);  // addresses.cc
void read_unicast_peers(Reader& reader, InstanceDraft& draft,
                        const Statement& block);  // addresses.cc
std::optional<net::IpAddress> read_source_address(Reader& reader, InstanceDraft& draft,
                                                  const Statement& statement);  // addresses.cc
void read_tracked_scripts(Reader& reader, InstanceDraft& draft,
                          const Statement& block);  // track.cc
void read_tracked_interfaces(Reader& reader, InstanceDraft& draft,
                             const Statement& block);  // track.cc
void read_virtual_routes(Reader& reader, InstanceDraft& draft,
                         const Statement& block);  // routes.cc
void read_virtual_rules(Reader& reader, InstanceDraft& draft,
                        const Statement& block);  // rules.cc
void read_tracked_files(Reader& reader, InstanceDraft& draft,
                        const Statement& block);  // track.cc
void read_tracked_processes(Reader& reader, InstanceDraft& draft,
                            const Statement& block);                                   // track.cc
void read_tracked_bfds(Reader& reader, InstanceDraft& draft, const Statement& block);  // bfd.cc
// "NAME [weight W [reverse|noreverse]]"; `what` is "track script", for messages.
TrackedWeight read_tracked_weight(Reader& reader, const InstanceDraft& draft,
                                  const Statement& statement, std::string_view what,
                                  int most = 253);  // track.cc
// Null after an error.
std::optional<FastFailover> read_fast_failover(Reader& reader,
                                               const Statement& statement);  // fast_failover.cc
// vrrp_rt_priority and its like.
void read_scheduling(Reader& reader, const Statement& statement);  // scheduling.cc
// `owner` is "(VI_1)" or "vrrp group G:", for messages.
void read_notify(Reader& reader, NotifyCommands& notify, const std::string& owner,
                 const Statement& statement);  // notify.cc
// notify_deleted, notify_priority_changes: what is told beyond states.
void read_notify_option(Reader& reader, NotifyCommands& notify, const std::string& owner,
                        const Statement& statement);  // notify.cc
// Whether an instance or group that said `said` about smtp_alert sends mail.
bool wants_mail(Reader& reader, const std::optional<bool>& said, const Position& where,
                const std::string& owner);  // messages.cc
// One keyword of the garp_ family, without its "vrrp_" of global_defs. False: not one of them.
void read_garp(Reader& reader, GarpSchedule& garp, const std::string& owner,
               std::string_view keyword, const Statement& statement);  // garp.cc

}  // namespace baton::config::keepalived
