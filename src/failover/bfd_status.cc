// Sessions as JSON.

#include "failover/bfd_status.h"

#include <nlohmann/json.hpp>

namespace baton::failover {

namespace {

using nlohmann::json;

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

json session_status(const bfd::TableEntry& entry, const config::Failover& config, Instant now) {
  const bfd::Session& session = entry.session;
  json uses = json::array();
  if (entry.configured) uses.push_back("configured");
  if (entry.following) uses.push_back("follows the master");
  if (entry.answering) uses.push_back("answers a backup");
  json object{{"neighbor", entry.path.remote.text()},
              {"local", entry.path.local.text()},
              {"name", nullptr},
              {"multihop", entry.path.multihop},
              {"uses", uses},
              {"state", bfd::name_of(session.state())},
              {"remote_state", bfd::name_of(session.remote_state())},
              {"diagnostic", bfd::describe(session.diagnostic())},
              {"remote_diagnostic", bfd::describe(session.remote_diagnostic())},
              {"local_discriminator", session.discriminator()},
              {"remote_discriminator", session.remote_discriminator()},
              {"transmit_interval_ms", milliseconds(session.transmit_interval())},
              {"receive_interval_ms", milliseconds(session.receive_interval())},
              {"detection_time_ms", milliseconds(session.detection_time())},
              {"last_packet_ms", nullptr},
              {"packets_received", session.counters().received},
              {"packets_sent", session.counters().sent},
              {"came_up", session.counters().came_up},
              {"went_down", session.counters().went_down}};
  if (entry.configured && *entry.configured < config.bfd_instances.size()) {
    object["name"] = config.bfd_instances[*entry.configured].name;
  }
  if (session.heard_at() != never) object["last_packet_ms"] = to_ms(now - session.heard_at());
  return object;
}

}  // namespace

json bfd_status(const FastDetection& detection, const config::Failover& config, Instant now) {
  json sessions = json::array();
  for (const auto& entry : detection.table().entries()) {
    sessions.push_back(session_status(entry, config, now));
  }
  json rejected = json::object();
  for (std::size_t i = 0; i < bfd::reject_count; ++i) {
    const auto count = detection.table().rejected()[i];
    if (count > 0) rejected[bfd::name_of(static_cast<bfd::Reject>(i))] = count;
  }
  return {{"sessions", sessions}, {"rejected", rejected}};
}

}  // namespace baton::failover
