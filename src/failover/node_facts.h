// What the nodes of a pair have to agree on, as facts that can be compared: each with its value and
// the line of the configuration that says so. They are exchanged over the pair link
// (PairMessage::node_summary); passwords travel as a digest only.
//
// Not every difference is a mistake: priorities must differ, most other things must not. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model/failover.h"

namespace baton::failover {

struct Fact {
  std::string value;
  std::string line;  // "FILE:LINE: text"
};

struct InstanceFacts {
  std::string name;
  unsigned virtual_router_id = 0;
  bool ipv6 = false;
  std::map<std::string, Fact> facts;  // by keyword
};

struct NodeFacts {
  std::string router_id;
  std::vector<InstanceFacts> instances;

  [[nodiscard]] std::string encode() const;
  // Nothing for what is not of this form; sizes are bounded.
  static std::optional<NodeFacts> decode(std::string_view text);
};

NodeFacts facts_of(const config::Failover& config);

struct Disagreement {
  std::string instance;  // as it is called here
  std::string keyword;
  std::string text;  // what differs, for people
  std::string ours;
  std::string theirs;
};

std::vector<Disagreement> compare(const NodeFacts& ours, const NodeFacts& theirs);

}  // namespace baton::failover
