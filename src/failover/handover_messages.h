// What giver and taker write to each other over the pair link. Offers are JSON, lists of
// connections binary: 10,000 of them are 120 KB.
//
//   handover_offer     JSON: id, instances, addresses, giver, timeout_ms, sources
//   handover_ready     JSON: id, connections (those that live at the taker already, by instance)
//   handover_refused   JSON: id, why
//   handover_taken     JSON: id (the word to go)
//   handover_done      JSON: id, connections (those that were cut at the end, by instance)
//   handover_flows     id (8 bytes), last (1), then records: family (1: 4 or 6), client address and
//                      port, local address and port
//   pass_request       JSON: instances, priorities   (a returning node asks the master to pass)
//   pass_reply         JSON: instances   (it does, or moves them to another node first)
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "failover/connection_tally.h"
#include "failover/handover.h"

namespace baton::failover {

inline constexpr std::size_t flows_per_message = 4096;
inline constexpr std::size_t handover_names_max = 1024;

std::string encode_offer(const HandoverScope& scope);
std::optional<HandoverScope> decode_offer(std::string_view body);

struct HandoverNote {
  std::uint64_t id = 0;
  std::string why;                    // handover_refused
  ConnectionCounts connections = {};  // handover_ready, handover_done
};
std::string encode_note(const HandoverNote& note);
std::optional<HandoverNote> decode_note(std::string_view body);

struct FlowList {
  std::uint64_t id = 0;
  bool last = false;
  std::vector<Flow> flows;
};
// At most flows_per_message flows.
std::string encode_flows(const FlowList& list);
std::optional<FlowList> decode_flows(std::string_view body);

struct PassRequest {
  std::vector<std::string> instances;
  std::vector<unsigned> priorities = {};  // of each, there; empty from an earlier version

  friend bool operator==(const PassRequest&, const PassRequest&) = default;
};
std::string encode_request(const PassRequest& request);
std::optional<PassRequest> decode_request(std::string_view body);

std::string encode_names(const std::vector<std::string>& names);
std::optional<std::vector<std::string>> decode_names(std::string_view body);

}  // namespace baton::failover
