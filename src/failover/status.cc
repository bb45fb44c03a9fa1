// Building the status object.

#include "failover/status.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "failover/bfd_status.h"
#include "failover/node_view.h"
#include "failover/status_guard.h"

namespace baton::failover {

namespace {

using nlohmann::json;

json text_or_null(const std::optional<net::IpAddress>& address) {
  return address ? json(address->text()) : json(nullptr);
}

json proxy_status(const NodeView& node, Instant now) {
  const ProxyWatch& proxy = node.proxy();
  bool tracked = false;
  for (const auto& router : node.routers()) tracked |= router->tracks_proxy();
  json object{{"tracked", tracked},
              {"state", name_of(proxy.state())},
              {"generation", proxy.generation()},
              {"age_ms", to_ms(now - proxy.since())},
              {"upstream_groups", 0},
              {"upstream_groups_dead", 0}};
  if (proxy.pulse()) {
    object["upstream_groups"] = proxy.pulse()->page().groups.load();
    object["upstream_groups_dead"] = proxy.pulse()->page().groups_dead.load();
  }
  return object;
}

json script_status(const config::VrrpScript& script, const ScriptState& state, Instant now) {
  json object{{"name", script.name},          {"state", vrrp::name_of(state.health.health())},
              {"running", state.ticket != 0}, {"runs", state.runs},
              {"failures", state.failures},   {"last_result", nullptr},
              {"last_run_ms", nullptr},       {"last_age_ms", nullptr}};
  if (state.last) {
    object["last_result"] = describe(*state.last);
    object["last_run_ms"] = to_ms(state.last->took);
    object["last_age_ms"] = to_ms(now - state.last_ended);
  }
  return object;
}

json priority_status(const vrrp::Instance& instance) {
  json parts = json::array();
  for (const auto& tracker : instance.trackers()) {
    parts.push_back({{"tracker", tracker.settings.name},
                     {"state", vrrp::name_of(tracker.health)},
                     {"contribution", tracker.contribution()},
                     {"fault", tracker.is_fault()}});
  }
  parts.push_back({{"tracker", "source address"},
                   {"state", instance.source() ? "up" : "down"},
                   {"contribution", 0},
                   {"fault", !instance.source()}});
  return {{"base", instance.settings().priority},
          {"effective", instance.effective_priority()},
          {"parts", parts}};
}

json advert_status(const vrrp::Counters& counters) {
  json causes = json::object();
  for (std::size_t i = 0; i < vrrp::reject_count; ++i) {
    if (counters.rejected[i] == 0) continue;
    causes[vrrp::name_of(static_cast<vrrp::Reject>(i))] = counters.rejected[i];
  }
  return {{"in", counters.adverts_received},
          {"out", counters.adverts_sent},
          {"bad", counters.rejected_total()},
          {"bad_by_cause", causes},
          {"address_list_differs", counters.address_mismatches},
          {"priority_zero_in", counters.priority_zero_received},
          {"priority_zero_out", counters.priority_zero_sent}};
}

json address_status(const NodeView& node, const Router& router) {
  json list = json::array();
  const std::size_t advertised = router.plan().settings.addresses.size();
  for (std::size_t i = 0; i < router.plan().held.size(); ++i) {
    const HeldAddress& held = router.plan().held[i];
    list.push_back({{"address", held.prefix.text()},
                    {"device", held.device},
                    {"advertised", i < advertised},
                    {"held", node.guard().is_present(held)}});
  }
  return list;
}

// Routes and rules that `holder` holds now.
json route_status(const NodeView& node, const std::string& holder) {
  json list = json::array();
  for (const auto& item : node.route_guard().held_by(holder)) {
    list.push_back({{"what", describe(item.thing)},
                    {"tracked", is_tracked(item.thing)},
                    {"held", item.present}});
  }
  return list;
}

json vmac_status(const config::VirtualMac& vmac) {
  json list = json::array();
  for (const auto& link : vmac.links) {
    list.push_back({{"interface", link.name}, {"parent", link.parent}, {"mac", link.mac.text()}});
  }
  return list;
}

json static_status(const NodeView& node) {
  json addresses = json::array();
  for (const auto& one : node.config().statics.addresses) {
    const HeldAddress held = to_held(one.address, one.address.device);
    addresses.push_back({{"address", held.prefix.text()},
                         {"device", held.device},
                         {"held", node.guard().is_present(held)}});
  }
  return {{"addresses", addresses}, {"routes", route_status(node, static_holder)}};
}

json file_status(const NodeView& node) {
  json list = json::array();
  const auto& files = node.config().tracking.files;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const FileState& state = node.files().states().at(i);
    list.push_back({{"name", files[i].name},
                    {"file", files[i].path},
                    {"value", state.value},
                    {"problem", state.problem.empty() ? json(nullptr) : json(state.problem)}});
  }
  return list;
}

json process_status(const NodeView& node) {
  json list = json::array();
  const auto& processes = node.config().tracking.processes;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const auto& count = node.processes().census().counts().at(i);
    list.push_back({{"name", processes[i].name},
                    {"state", vrrp::name_of(count.health)},
                    {"processes", count.pids.size()},
                    {"quorum", processes[i].quorum},
                    {"method", node.processes().method()}});
  }
  return list;
}

json group_status(const RouterGroup& group) {
  json members = json::array();
  for (const auto& router : group.routers) members.push_back(router->name());
  return {{"name", group.machine.name()},
          {"state", vrrp::name_of(group.machine.state())},
          {"members", members}};
}

json pair_status(const PairLink& pair, Instant now) {
  json peers = json::array();
  for (const auto& peer : pair.peers()) {
    peers.push_back({{"address", peer->address().text()},
                     {"port", peer->endpoint().port},
                     {"name", peer->name().empty() ? json(nullptr) : json(peer->name())},
                     {"up", peer->is_up()},
                     {"age_ms", to_ms(now - peer->since())},
                     {"problem", peer->is_up() ? json(nullptr) : json(peer->problem())},
                     {"messages_in", peer->counters().messages_in},
                     {"messages_out", peer->counters().messages_out},
                     {"connections", peer->counters().connections}});
  }
  return {{"enabled", pair.enabled()}, {"peers", peers}};
}

template <typename One>
json handover_status(const One& one, bool given, Instant now) {
  const auto& scope = one.machine.scope();
  return {{"given", given},
          {"instances", scope.instances},
          {"peer", one.peer.text()},
          {"state", name_of(one.machine.state())},
          {"connections", one.machine.flows_moved()},
          {"age_ms", to_ms(now - one.begun)}};
}

json handovers_status(const Handovers& handovers, Instant now) {
  json running = json::array();
  for (const auto& given : handovers.given()) running.push_back(handover_status(*given, true, now));
  for (const auto& taken : handovers.taken()) {
    running.push_back(handover_status(*taken, false, now));
  }
  json past = json::array();
  for (const auto& one : handovers.past()) {
    past.push_back({{"given", one.given},
                    {"instances", one.instances},
                    {"peer", one.peer},
                    {"ok", one.ok},
                    {"problem", one.text.empty() ? json(nullptr) : json(one.text)},
                    {"connections", one.flows},
                    {"took_ms", to_ms(one.took)},
                    {"age_ms", to_ms(now - one.at)}});
  }
  return {{"running", running}, {"past", past}};
}

const char* authentication_name(const vrrp::Settings& settings) {
  if (settings.hmac.enabled()) return "HMAC";
  if (settings.auth_type == vrrp::auth_header) return "AH";
  return settings.auth_type == vrrp::auth_password ? "PASS" : "none";
}

json instance_status(const NodeView& node, const Router& router, Instant now, WallTime wall_now) {
  const vrrp::Instance& instance = router.instance();
  const vrrp::Settings& settings = instance.settings();
  json peers = json::array();
  for (const auto& peer : settings.peers) peers.push_back(peer.address.text());
  const auto priority = instance.master_priority();
  const Duration age = instance.since() == Instant{} ? Duration(0s) : now - instance.since();
  json object{
      {"name", settings.name},
      {"interface", router.plan().identity.interface},
      {"virtual_router_id", settings.virtual_router_id},
      {"version", settings.version},
      {"state", vrrp::name_of(instance.state())},
      {"yielding", instance.is_yielding()},
      {"passed", instance.has_passed()},
      {"since", iso_time(wall_now - age)},
      {"age_ms", to_ms(age)},
      {"reason", instance.reason()},
      {"source", text_or_null(instance.source())},
      {"master", text_or_null(instance.master())},
      {"master_priority", priority ? json(*priority) : json(nullptr)},
      {"unicast_peers", peers},
      {"advert_interval_ms", to_ms(settings.advert_interval)},
      {"authentication", authentication_name(settings)},
      {"preempt", !settings.nopreempt},
      {"sync_group", settings.sync_group.empty() ? json(nullptr) : json(settings.sync_group)},
      {"faults", instance.faults()},
      {"priority", priority_status(instance)},
      {"adverts", advert_status(instance.counters())},
      {"became_master", instance.counters().became_master},
      {"released_master", instance.counters().released_master},
      {"vmac", vmac_status(router.plan().vmac)},
      {"routes", route_status(node, router.name())},
      {"addresses", address_status(node, router)}};
  const auto heard = node.recorder().last_advert(settings.name);
  object["last_advert_age_ms"] = heard ? json(to_ms(now - *heard)) : json(nullptr);
  add_guard_status(object, instance, node.mismatches(), now);
  return object;
}

}  // namespace

std::string iso_time(WallTime time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(ms);
  const std::time_t whole = seconds.time_since_epoch().count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(whole), (ms - seconds).count());
}

json status(const NodeView& node, Instant now, WallTime wall_now) {
  json scripts = json::array();
  for (std::size_t i = 0; i < node.config().scripts.size(); ++i) {
    scripts.push_back(script_status(node.config().scripts[i], node.scripts().states()[i], now));
  }
  json instances = json::array();
  for (const auto& router : node.routers()) {
    instances.push_back(instance_status(node, *router, now, wall_now));
  }
  json groups = json::array();
  for (const auto& group : node.groups()) groups.push_back(group_status(group));
  json transitions = json::array();
  constexpr std::size_t shown_max = 20;
  const auto& flights = node.recorder().flights();
  for (std::size_t i = flights.size() - std::min(flights.size(), shown_max); i < flights.size();
       ++i) {
    const Flight& past = flights[i];
    transitions.push_back({{"time", iso_time(past.wall)},
                           {"age_ms", to_ms(now - past.at)},
                           {"instance", past.instance},
                           {"from", vrrp::name_of(past.from)},
                           {"to", vrrp::name_of(past.to)},
                           {"reason", past.reason},
                           {"outage_ms", past.outage ? json(to_ms(*past.outage)) : json(nullptr)}});
  }
  return {{"pid", ::getpid()},
          {"router_id", node.config().router_id},
          {"proxy", proxy_status(node, now)},
          {"bfd", bfd_status(node.detection(), node.config(), now)},
          {"pair", pair_status(node.pair(), now)},
          {"second_path", second_path_status(node.second_path())},
          {"handovers", handovers_status(node.handovers(), now)},
          {"scripts", scripts},
          {"track_files", file_status(node)},
          {"track_processes", process_status(node)},
          {"static", static_status(node)},
          {"instances", instances},
          {"sync_groups", groups},
          {"transitions", transitions}};
}

}  // namespace baton::failover
