// keepalived's dump formats.

#include "failover/dump.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/result.h"
#include "failover/dump_interfaces.h"
#include "failover/node_view.h"
#include "failover/status.h"
#include "runtime/fd.h"
#include "vrrp/timers.h"

namespace baton::failover {

namespace {

using nlohmann::json;

double unix_time(Instant at, Instant now, WallTime wall_now) {
  return to_seconds(wall_now.time_since_epoch() - (now - at));
}

// In keepalived's words: a host's own address without its length.
std::string text_of(const HeldAddress& held, bool is_set) {
  const bool is_host = held.prefix.length == (held.prefix.address.is_ipv4() ? 32 : 128);
  return fmt::format("{} dev {} scope global{}{}{}",
                     is_host ? held.prefix.address.text() : held.prefix.text(), held.device,
                     held.label.empty() ? "" : " label ", held.label, is_set ? " set" : "");
}

json addresses_of(const Router& router, bool advertised) {
  json list = json::array();
  const std::size_t advertised_count = router.plan().settings.addresses.size();
  for (std::size_t i = 0; i < router.plan().held.size(); ++i) {
    if ((i < advertised_count) != advertised) continue;
    list.push_back(text_of(router.plan().held[i], router.instance().holds_addresses()));
  }
  return list;
}

// What keepalived calls the wanted state: the present one, once there is one.
vrrp::State wanted_of(const vrrp::Instance& instance, const config::VrrpInstance& config) {
  const vrrp::State state = instance.state();
  if (state == vrrp::State::master || state == vrrp::State::backup) return state;
  return config.wants_master ? vrrp::State::master : vrrp::State::backup;
}

json statistics_of(const vrrp::Instance& instance) {
  using vrrp::Reject;
  const vrrp::Counters& counters = instance.counters();
  const auto rejected = [&](Reject reject) {
    return counters.rejected[static_cast<std::size_t>(reject)];
  };
  return {{"advert_rcvd", counters.adverts_received},
          {"advert_sent", counters.adverts_sent},
          {"become_master", counters.became_master},
          {"release_master", counters.released_master},
          {"packet_len_err", rejected(Reject::length)},
          {"advert_interval_err", rejected(Reject::interval)},
          {"ip_ttl_err", rejected(Reject::ttl)},
          {"invalid_type_rcvd", rejected(Reject::type)},
          {"addr_list_err", counters.address_mismatches},
          {"invalid_authtype", 0},
          {"authtype_mismatch", rejected(Reject::auth_type)},
          {"auth_failure", rejected(Reject::password) + rejected(Reject::replay)},
          {"pri_zero_rcvd", counters.priority_zero_received},
          {"pri_zero_sent", counters.priority_zero_sent}};
}

// Of the trackers whose names begin with `kind`.
json tracked_names(const vrrp::Instance& instance, std::string_view kind) {
  json names = json::array();
  for (const auto& tracker : instance.trackers()) {
    const std::string& name = tracker.settings.name;
    if (name.starts_with(kind)) names.push_back(name.substr(kind.size()));
  }
  return names;
}

template <typename Things>
json texts_of(const Things& things) {
  json texts = json::array();
  for (const auto& thing : things) texts.push_back(thing.text);
  return texts;
}

json data_of(const Router& router, const config::VrrpInstance& config, Instant now,
             WallTime wall_now) {
  const vrrp::Instance& instance = router.instance();
  const vrrp::Settings& settings = instance.settings();
  const auto& master = instance.master();
  return {{"iname", settings.name},
          {"dont_track_primary", config.track_primary_interface ? 0 : 1},
          {"skip_check_adv_addr", settings.skip_check_addresses ? 1 : 0},
          {"strict_mode", config.strict ? 1 : 0},
          {"vmac_ifname", router.plan().vmac.name},
          {"track_ifp", tracked_names(instance, "interface ")},
          {"track_file", tracked_names(instance, "file ")},
          {"track_process", tracked_names(instance, "process ")},
          {"vroutes", texts_of(router.plan().routes.routes)},
          {"vrules", texts_of(router.plan().routes.rules)},
          {"track_script", tracked_names(instance, "script ")},
          {"ifp_ifname", config.interface},
          {"master_priority", instance.master_priority().value_or(0)},
          {"last_transition", unix_time(instance.since(), now, wall_now)},
          {"garp_delay", to_seconds(settings.announce.delay)},
          {"garp_refresh", to_seconds(settings.announce.refresh)},
          {"garp_rep", settings.announce.repeat},
          {"garp_refresh_rep", settings.announce.refresh_repeat},
          {"garp_lower_prio_delay", to_seconds(settings.announce.conflict_delay)},
          {"garp_lower_prio_rep", settings.announce.conflict_repeat},
          {"vrid", settings.virtual_router_id},
          {"base_priority", settings.priority},
          {"effective_priority", instance.effective_priority()},
          {"vipset", instance.holds_addresses()},
          {"vips", addresses_of(router, true)},
          {"evips", addresses_of(router, false)},
          {"promote_secondaries", false},
          {"adver_int", to_seconds(settings.advert_interval)},
          {"master_adver_int", to_seconds(settings.advert_interval)},
          {"master_ip", master ? master->text() : ""},
          {"accept", config.accept ? 1 : 0},
          {"nopreempt", settings.nopreempt},
          {"preempt_delay", to_seconds(settings.preempt_delay)},
          {"lower_prio_no_advert", config.wire.lower_priority_no_advert ? 1 : 0},
          {"higher_prio_send_advert", 1},
          {"auth_type", settings.auth_type},
          {"state", static_cast<int>(instance.state())},
          {"wantstate", static_cast<int>(wanted_of(instance, config))},
          {"version", settings.version},
          {"smtp_alert", config.smtp_alert},
          {"notify_deleted", config.notify.tells_deleted}};
}

}  // namespace

std::string dump_statistics(const NodeView& node) {
  std::string text;
  for (const auto& router : node.routers()) {
    using vrrp::Reject;
    const vrrp::Counters& counters = router->instance().counters();
    const auto rejected = [&](Reject reject) {
      return counters.rejected[static_cast<std::size_t>(reject)];
    };
    text += fmt::format(
        "VRRP Instance: {}\n"
        "  Advertisements:\n    Received: {}\n    Sent: {}\n"
        "  Became master: {}\n  Released master: {}\n",
        router->name(), counters.adverts_received, counters.adverts_sent, counters.became_master,
        counters.released_master);
    text += fmt::format(
        "  Packet Errors:\n    Length: {}\n    TTL: {}\n    Invalid Type: {}\n"
        "    Advertisement Interval: {}\n    Address List: {}\n",
        rejected(Reject::length), rejected(Reject::ttl), rejected(Reject::type),
        rejected(Reject::interval), counters.address_mismatches);
    text += fmt::format(
        "  Authentication Errors:\n    Invalid Type: {}\n    Type Mismatch: {}\n"
        "    Failure: {}\n  Priority Zero:\n    Received: {}\n    Sent: {}\n",
        0, rejected(Reject::auth_type), rejected(Reject::password) + rejected(Reject::replay),
        counters.priority_zero_received, counters.priority_zero_sent);
  }
  return text;
}

std::string dump_json(const NodeView& node, Instant now, WallTime wall_now) {
  json array = json::array();
  for (const auto& router : node.routers()) {
    const auto& config = node.config().instances.at(router->index());
    array.push_back({{"data", data_of(*router, config, now, wall_now)},
                     {"stats", statistics_of(router->instance())}});
  }
  if (node.config().places.json_version == 2) return json_text({{"vrrp", array}}) + "\n";
  return json_text(array) + "\n";
}

std::string dump_globals(const config::Failover& config) {
  const auto yes_no = [](bool value) { return value ? "true" : "false"; };
  const config::Mail& mail = config.messages.mail;
  std::string text = "------< Global definitions >------\n";
  if (!config.places.network_namespace.empty()) {
    text += fmt::format(" Network namespace = {}\n", config.places.network_namespace);
  }
  if (!config.places.instance.empty()) {
    text += fmt::format(" Instance name = {}\n", config.places.instance);
  }
  text += fmt::format(" Router ID = {}\n", config.router_id);
  if (!mail.host.empty()) {
    text += fmt::format(" Smtp server = {}\n Smtp server port = {}\n", mail.host, mail.port);
    text += fmt::format(" Smtp server connection timeout = {}\n", to_seconds(mail.connect_timeout));
    text += fmt::format(" Email notification from = {}\n", mail.from);
    for (const auto& to : mail.to) text += fmt::format(" Email notification = {}\n", to);
  }
  for (const auto& fifo : config.messages.fifos) {
    text += fmt::format(" Global notify fifo = {}, uid:gid {}:{}\n", fifo.path, fifo.owner.uid,
                        fifo.owner.gid);
  }
  text += fmt::format(" FIFO write vrrp states on reload = {}\n",
                      yes_no(config.messages.states_on_reload));
  text += fmt::format(" VRRP IPv4 mcast group = {}\n", config.multicast_group.text());
  text += fmt::format(" Gratuitous ARP interval = {:.6f}\n", to_seconds(config.garp_interval));
  text += fmt::format(" Dynamic interfaces = {}\n", yes_no(config.dynamic_interfaces));
  text += fmt::format(" Script security {}\n", config.script_security ? "enabled" : "disabled");
  text += fmt::format(" Default script uid:gid {}:{}\n", config.script_user.uid,
                      config.script_user.gid);
  text += fmt::format(" umask = 0{:o}\n", config.places.umask);
  return text;
}

namespace {

const char* authentication_word(config::VrrpAuth auth) {
  if (auth == config::VrrpAuth::header) return "IPSEC_AH";
  return auth == config::VrrpAuth::password ? "SIMPLE_PASSWORD" : "none";
}

const char* enabled_word(bool is_on) {
  return is_on ? "enabled" : "disabled";
}

// The lines about announcements, elections and messages that keepalived has for each instance.
std::string settings_text(const vrrp::Settings& settings, const config::VrrpInstance& config) {
  const auto& announce = settings.announce;
  std::string text = fmt::format(
      "   Gratuitous ARP delay = {}\n   Gratuitous ARP repeat = {}\n"
      "   Gratuitous ARP refresh = {}\n   Gratuitous ARP refresh repeat = {}\n"
      "   Gratuitous ARP lower priority delay = {}\n"
      "   Gratuitous ARP lower priority repeat = {}\n",
      to_seconds(announce.delay), announce.repeat, to_seconds(announce.refresh),
      announce.refresh_repeat, to_seconds(announce.conflict_delay), announce.conflict_repeat);
  text += fmt::format(
      "   Down timer adverts = {}\n   Send advert after receive lower priority advert = {}\n"
      "   Accept = {}\n   Authentication type = {}\n   Using smtp notification = {}\n"
      "   Notify deleted = {}\n   Notify priority changes = {}\n",
      config.down_timer_adverts, !config.wire.lower_priority_no_advert, enabled_word(config.accept),
      authentication_word(config.auth), config.smtp_alert ? "yes" : "no",
      config.notify.tells_deleted ? "Deleted" : "Fault", config.notify.priority_changes);
  return text;
}

// Where its adverts go, whom it follows, what fails.
std::string engagement_text(const Router& router, const config::VrrpInstance& config) {
  const vrrp::Instance& instance = router.instance();
  const vrrp::Settings& settings = instance.settings();
  std::string text;
  if (!settings.sync_group.empty())
    text += fmt::format("   Sync group = {}\n", settings.sync_group);
  if (instance.source()) text += fmt::format("   Using src_ip = {}\n", instance.source()->text());
  if (settings.peers.empty()) {
    text += fmt::format("   Multicast address {}\n", router.plan().identity.multicast_group.text());
  } else {
    text += "   Unicast Peer :\n";
    for (const auto& peer : settings.peers) text += fmt::format("     {}\n", peer.address.text());
  }
  int total = settings.priority;
  std::size_t faults = 0;
  std::size_t undecided = 0;
  for (const auto& tracker : instance.trackers()) {
    total += tracker.contribution();
    faults += tracker.is_fault() ? 1 : 0;
    undecided += tracker.is_undecided() ? 1 : 0;
  }
  const Duration down =
      vrrp::master_down_time(settings.version, instance.effective_priority(),
                             settings.advert_interval, settings.down_timer_adverts);
  text += fmt::format(
      "   Total priority = {}\n   Number of config faults = {}\n"
      "   Number of interface and track script faults = {}\n"
      "   Number of track scripts init = {}\n   Master down timer = {} usecs\n"
      "   Promote_secondaries = {}\n",
      total, settings.permanent_fault.empty() ? 0 : 1, faults, undecided, down / 1us,
      enabled_word(router.plan().promote_secondaries));
  if (config.fast_failover) {
    text += fmt::format("   Fast failover = {}\n", enabled_word(config.fast_failover->enabled));
  }
  return text;
}

// What each tracker of the instance says, one a line.
std::string trackers_text(const vrrp::Instance& instance) {
  std::string text;
  for (const auto& tracker : instance.trackers()) {
    text += fmt::format("     {}, weight {}, {}\n", tracker.settings.name, tracker.settings.weight,
                        vrrp::name_of(tracker.health));
  }
  return text.empty() ? text : "   Tracking :\n" + text;
}

std::string groups_text(const NodeView& node) {
  if (node.groups().empty()) return "";
  std::string text = "------< VRRP Sync groups >------\n";
  for (const auto& group : node.groups()) {
    const auto& config = node.config().sync_groups.at(group.index);
    const auto count = [&](vrrp::State state) {
      return std::ranges::count_if(group.instances, [state](const vrrp::Instance* instance) {
        return instance->state() == state;
      });
    };
    const auto is_in = [&](vrrp::State state) {
      return count(state) == static_cast<std::ptrdiff_t>(group.instances.size());
    };
    const auto state = count(vrrp::State::fault) > 0  ? vrrp::State::fault
                       : is_in(vrrp::State::master)   ? vrrp::State::master
                       : count(vrrp::State::init) > 0 ? vrrp::State::init
                                                      : vrrp::State::backup;
    text += fmt::format(
        " VRRP Sync Group = {}, {}\n   Num member fault {}, num member init {}\n"
        "   VRRP member instances :\n",
        group.machine.name(), vrrp::name_of(state), count(vrrp::State::fault),
        count(vrrp::State::init));
    for (const auto* router : group.routers) text += fmt::format("     {}\n", router->name());
    text += fmt::format("   Using smtp notification = {}\n", config.smtp_alert ? "yes" : "no");
  }
  return text;
}

std::string scripts_text(const NodeView& node) {
  std::string text;
  const auto& scripts = node.config().scripts;
  for (std::size_t i = 0; i < scripts.size() && i < node.scripts().states().size(); ++i) {
    const auto health = node.scripts().states()[i].health.health();
    text += fmt::format(
        " VRRP Script = {}\n   Command = '{}'\n   Interval = {} sec\n   Timeout = {} sec\n"
        "   Rise = {}\n   Fall = {}\n   Status = {}\n",
        scripts[i].name, fmt::join(scripts[i].command.arguments, "' '"),
        to_seconds(scripts[i].interval), to_seconds(scripts[i].timeout), scripts[i].rise,
        scripts[i].fall, vrrp::name_of(health));
  }
  return text.empty() ? text : "------< VRRP Scripts >------\n" + text;
}

// "Virtual IP (2):" and the excluded ones below it.
std::string addresses_text(const NodeView& node, const Router& router) {
  const std::size_t advertised = router.plan().settings.addresses.size();
  const auto& held = router.plan().held;
  std::string text = fmt::format("   Virtual IP ({}):\n", std::min(advertised, held.size()));
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (i == advertised) text += "   Virtual IP Excluded :\n";
    text += fmt::format("     {}\n", text_of(held[i], node.guard().is_present(held[i])));
  }
  return text;
}

}  // namespace

std::string dump_text(const NodeView& node, Instant now, WallTime wall_now) {
  std::string text = dump_globals(node.config());
  text += "------< VRRP Topology >------\n";
  for (const auto& router : node.routers()) {
    const vrrp::Instance& instance = router->instance();
    const vrrp::Settings& settings = instance.settings();
    const auto& config = node.config().instances.at(router->index());
    const auto& master = instance.master();
    text += fmt::format(
        " VRRP Instance = {}\n   VRRP Version = {}\n   State = {}\n   Wantstate = {}\n"
        "   Interface = {}\n   Virtual Router ID = {}\n   Priority = {}\n"
        "   Effective priority = {}\n   Advert interval = {} sec\n   Preempt = {}\n",
        settings.name, settings.version, vrrp::name_of(instance.state()),
        vrrp::name_of(wanted_of(instance, config)), config.interface, settings.virtual_router_id,
        settings.priority, instance.effective_priority(), to_seconds(settings.advert_interval),
        settings.nopreempt ? "disabled" : "enabled");
    text +=
        fmt::format("   Master router = {}\n   Master priority = {}\n   Last transition = {:.6f}\n",
                    master ? master->text() : "unknown", instance.master_priority().value_or(0),
                    unix_time(instance.since(), now, wall_now));
    text += engagement_text(*router, config);
    text += settings_text(settings, config);
    text += addresses_text(node, *router);
    text += trackers_text(instance);
    const HeldRoutes& routes = router->plan().routes;
    if (!routes.routes.empty())
      text += fmt::format("   Virtual Routes ({}):\n", routes.routes.size());
    for (const auto& route : routes.routes) text += fmt::format("     {}\n", route.text);
    if (!routes.rules.empty()) text += fmt::format("   Virtual Rules ({}):\n", routes.rules.size());
    for (const auto& rule : routes.rules) text += fmt::format("     {}\n", rule.text);
    for (const auto& link : router->plan().vmac.links) {
      text += fmt::format("   Using VMAC {} on {}: {}\n", link.name, link.parent, link.mac.text());
    }
  }
  text += groups_text(node);
  text += scripts_text(node);
  text += dump_sockets(node);
  text += dump_interfaces(node);
  // keepalived has more lines; what baton knows beyond them is better read as its status.
  text += "------< baton >------\n";
  text += json_text(status(node, now, wall_now), 2) + "\n";
  return text;
}

void write_dump(const std::string& path, const std::string& text, mode_t umask, Log& log) {
  static_cast<void>(::unlink(path.c_str()));
  const runtime::Fd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file) static_cast<void>(::fchmod(file.get(), 0666 & ~umask));
  std::size_t done = 0;
  while (file && done < text.size()) {
    const ssize_t count = ::write(file.get(), text.data() + done, text.size() - done);
    if (count <= 0) break;
    done += static_cast<std::size_t>(count);
  }
  if (!file || done < text.size()) {
    log.print(LogLevel::error, "cannot write {}: {}", path,
              describe(fail_errno(errno, "dump").error()));
  }
}

}  // namespace baton::failover
