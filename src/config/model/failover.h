// The failover part's configuration, typed and immutable: what keepalived.conf means, defaults
// filled in (reference: keepalived.conf(5)). Defaults stand where the option is declared.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "config/model/bfd.h"
#include "config/model/fast_failover.h"
#include "config/model/guard.h"
#include "config/model/messages.h"
#include "config/model/option_places.h"
#include "config/model/packet_filter.h"
#include "config/model/pair.h"
#include "config/model/process_places.h"
#include "config/model/route.h"
#include "config/model/scheduling.h"
#include "config/model/script.h"
#include "config/model/tracking.h"
#include "config/model/vmac.h"
#include "config/model/wire.h"
#include "config/source.h"
#include "net/address.h"
#include "net/address_traits.h"

namespace baton::config {

struct VrrpScript {
  std::string name;
  ScriptCommand command;
  Duration interval = 1s;
  Duration timeout = 0s;  // 0: as interval
  int weight = 0;         // 0: failure means FAULT
  bool weight_reverse = false;
  std::uint32_t rise = 1;
  std::uint32_t fall = 1;
  bool initially_failed = false;  // init_fail
  Position where;
};

struct VirtualAddress {
  net::Prefix prefix;
  std::string device;  // empty: the instance's interface
  std::string label;
  std::optional<net::IpAddress> broadcast;
  bool broadcast_computed = false;  // "brd +"
  std::uint8_t scope = 0;           // rtnetlink scope, 0 is global
  bool tracked = true;              // false: no_track
  bool wants_vmac = false;          // use_vmac: on an interface with the virtual MAC
  net::AddressTraits traits;
  Position where;
};

struct TrackedScript {
  std::uint32_t script = 0;  // index into Failover::scripts
  int weight = 0;
  bool weight_reverse = false;
};

struct TrackedInterface {
  std::string name;
  int weight = 0;  // 0: down means FAULT
  bool weight_reverse = false;
  Position where;
};

struct UnicastPeer {
  net::IpAddress address;
  std::optional<std::uint8_t> min_ttl;
  std::optional<std::uint8_t> max_ttl;
};

struct GarpSchedule {
  Duration delay = 5s;       // second burst after this long; 0: none
  std::uint32_t repeat = 5;  // frames a burst
  Duration refresh = 0s;     // 0: off
  std::uint32_t refresh_repeat = 1;
  std::optional<std::uint32_t> lower_priority_repeat;  // absent: as repeat
  std::optional<Duration> lower_priority_delay;        // absent: as delay
};

struct NotifyCommands {
  std::optional<ScriptCommand> master, backup, fault, stop, any;
  std::optional<ScriptCommand> lower_priority;  // notify_master_rx_lower_pri
  std::optional<ScriptCommand> deleted;
  bool tells_deleted = false;  // notify_deleted: a reload that removes it tells DELETED, not FAULT
  bool priority_changes = false;  // FIFOs get a line for each change of the priority
};

enum class VrrpAuth : std::uint8_t { none, password, header };

struct VrrpInstance {
  std::string name;
  bool wants_master = false;  // state MASTER: a hint only
  std::string interface;
  std::uint8_t virtual_router_id = 0;
  std::uint8_t priority = 100;
  std::uint8_t version = 2;
  Duration advert_interval = 1s;
  VrrpAuth auth = VrrpAuth::none;
  std::string password;  // at most 8 bytes
  std::vector<VirtualAddress> addresses;
  std::vector<VirtualAddress> excluded_addresses;
  std::optional<net::IpAddress> source_address;  // mcast_src_ip / unicast_src_ip
  std::vector<UnicastPeer> unicast_peers;        // empty: multicast
  bool nopreempt = false;
  Duration preempt_delay = 0s;
  bool track_primary_interface = true;  // false: dont_track_primary
  std::vector<TrackedScript> tracked_scripts;
  std::vector<TrackedInterface> tracked_interfaces;
  std::vector<TrackedBfd> tracked_bfds;
  std::optional<FastFailover> fast_failover;  // absent: as Failover::fast_failover
  VirtualMac vmac;
  std::vector<Route> routes;       // virtual_routes
  std::vector<RoutingRule> rules;  // virtual_rules
  std::vector<TrackedFile> tracked_files;
  std::vector<TrackedProcess> tracked_processes;
  GarpSchedule garp;
  NotifyCommands notify;
  bool skip_check_advert_addresses = false;
  bool strict = false;
  bool accept = true;
  bool check_unicast_source = false;
  std::uint8_t down_timer_adverts = 3;
  // baton: proxy health without scripts. Absent: on under `baton run`, and on when a proxy has
  // announced itself to a failover part that was started alone.
  std::optional<bool> track_proxy;
  Wire wire;
  bool smtp_alert = false;
  GuardOptions guard;  // those of global_defs filled in
  OptionPlaces places;
  Position where;
};

struct VrrpSyncGroup {
  std::string name;
  std::vector<std::uint32_t> members;  // indices into Failover::instances
  NotifyCommands notify;
  bool smtp_alert = false;
  Position where;
};

// Instances that get a fault when something static that names the group is missing and cannot be
// put back.
struct TrackGroup {
  std::string name;
  std::vector<std::uint32_t> members;  // indices into Failover::instances
  Position where;
};

struct StaticAddress {
  VirtualAddress address;
  std::string track_group;  // empty: nobody depends on it
};

// What is there as long as the failover part runs, whoever is master.
struct Statics {
  std::vector<StaticAddress> addresses;
  std::vector<Route> routes;
  std::vector<RoutingRule> rules;
  std::vector<TrackGroup> groups;
};

// The whole of keepalived.conf as far as VRRP goes.
struct Failover {
  std::string router_id;
  ScriptUser script_user;
  bool script_security = false;
  Duration garp_interval = 0s;  // pause between frames of one interface
  Duration startup_delay = 0s;
  Duration delay_after_boot = 0s;  // vrrp_delay_after_boot: stay out until the host is up this long
  bool dynamic_interfaces = false;
  net::IpAddress multicast_group = net::IpAddress::ipv4(224, 0, 0, 18);
  WireGlobals wire;
  GuardOptions guard;
  std::uint16_t heartbeat_port = heartbeat_default_port;
  Tracking tracking;
  Statics statics;
  std::vector<VrrpScript> scripts;
  std::vector<VrrpInstance> instances;
  std::vector<VrrpSyncGroup> sync_groups;
  std::vector<BfdInstance> bfd_instances;
  FastFailover fast_failover;
  Scheduling scheduling;
  PairSettings pair;
  Messages messages;
  ProcessPlaces places;
  PacketFilter packet_filter;
};

}  // namespace baton::config
