// Second path and witness as JSON.

#include "failover/status_guard.h"

#include <nlohmann/json.hpp>

#include "failover/mismatch_book.h"
#include "failover/second_path.h"
#include "vrrp/instance.h"

namespace baton::failover {

namespace {

using nlohmann::json;

json peer_status(const vrrp::TakeoverGuard& guard, const vrrp::TakeoverGuard::Peer& peer,
                 Instant now) {
  const vrrp::PeerReport& report = peer.report;
  return {{"source", report.source.text()},
          {"name", report.name},
          {"state", vrrp::name_of(report.state)},
          {"yielding", report.gives_up},
          {"priority", report.effective_priority},
          {"base_priority", report.base_priority},
          {"preempt", !report.nopreempt},
          {"hears_adverts", !report.is_cut},
          {"sees", report.sees},
          {"alive", guard.is_alive(peer, now)},
          {"age_ms", to_ms(now - peer.heard_at)}};
}

}  // namespace

json second_path_status(const SecondPath& path) {
  if (!path.is_used()) return nullptr;
  json drops = json::object();
  for (std::size_t i = 0; i < path.drops().size(); ++i) {
    drops[vrrp::name_of(static_cast<vrrp::HeartbeatDrop>(i))] = path.drops()[i];
  }
  return {{"authenticated", path.is_authenticated()},
          {"dropped", drops},
          {"ways", path.ways()},
          {"silent_ms", to_ms(path.silence())}};
}

void add_guard_status(json& object, const vrrp::Instance& instance, const MismatchBook& mismatches,
                      Instant now) {
  const vrrp::TakeoverGuard& guard = instance.guard();
  const vrrp::TakeoverRules& rules = instance.settings().takeover;
  object["held_back"] = instance.held_back().empty() ? json(nullptr) : json(instance.held_back());
  object["conflict"] = instance.conflict().empty() ? json(nullptr) : json(instance.conflict());
  json mistakes = json::array();
  for (const Mismatch* one : mismatches.of(instance.settings().name)) {
    mistakes.push_back({{"keyword", one->keyword},
                        {"from", one->from},
                        {"text", one->text},
                        {"ours", one->ours},
                        {"theirs", one->theirs},
                        {"count", one->count},
                        {"age_ms", to_ms(now - one->first)},
                        {"last_ms", to_ms(now - one->last)}});
  }
  object["mismatches"] = mistakes;
  object["second_path"] = nullptr;
  if (rules.second_path) {
    json peers = json::array();
    for (const auto& [run, peer] : guard.peers()) peers.push_back(peer_status(guard, peer, now));
    object["second_path"] = {{"heartbeat_interval_ms", to_ms(rules.heartbeat_interval)},
                             {"peers", peers}};
  }
  object["witness"] = nullptr;
  if (!rules.witness) return;
  const auto answers = guard.witness_answers();
  object["witness"] = {
      {"reachable", answers ? json(*answers) : json(nullptr)},
      {"detail", guard.witness_detail()},
      {"age_ms", answers ? json(to_ms(now - guard.answered_at())) : json(nullptr)}};
}

}  // namespace baton::failover
