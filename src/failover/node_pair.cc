// What the nodes of a pair tell each other beside handovers: the facts of their files, so that
// mistakes are found (node_mismatch.cc), and their status, so that one page can show the pair.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/text.h"
#include "failover/node.h"
#include "failover/status.h"

namespace baton::failover {

namespace {

// Whoever watches asks twice a second.
constexpr Duration status_interval = 400ms;

std::string name_of(const PairPeer& peer) {
  return peer.name().empty() ? peer.address().text() : peer.name();
}

}  // namespace

void Node::join_pair() {
  pair_.on(PairMessage::node_summary, [this](const PairPeer& from, std::string_view body) {
    auto facts = NodeFacts::decode(body);
    if (!facts) return;
    // A name that no peer has any more is that of an earlier configuration of one.
    std::erase_if(peer_facts_, [this](const auto& entry) {
      return std::ranges::none_of(
          pair_.peers(), [&entry](const auto& peer) { return name_of(*peer) == entry.first; });
    });
    take_facts(name_of(from), std::move(*facts));
  });
  pair_.on(PairMessage::status_request, [this](const PairPeer& from, std::string_view) {
    auto own = status(*this, loop_.refresh_now(), runtime::wall_now());
    own.erase("pair");
    std::string text = json_text(own);
    if (text.size() > pair_body_max) {
      text = json_text({{"problem", "its status is too long for the pair link"}});
    }
    static_cast<void>(pair_.send(from.address(), PairMessage::status_reply, text));
  });
  pair_.on(PairMessage::status_reply, [this](const PairPeer& from, std::string_view body) {
    auto value = parse_json(body);
    if (!value.is_object()) return;
    peer_statuses_[from.address()] = {std::move(value), loop_.refresh_now()};
  });
  pair_.on_change([this](const PairPeer& peer) {
    if (!peer.is_up()) {
      peer_statuses_.erase(peer.address());
      return;
    }
    tell_facts();
    static_cast<void>(pair_.send(peer.address(), PairMessage::status_request, ""));
  });
}

void Node::tell_facts() {
  const std::string text = facts_of(*config_).encode();
  if (text.size() <= pair_body_max) pair_.send_all(PairMessage::node_summary, text);
}

unsigned Node::priority_of(const std::string& peer,
                           const std::vector<std::string>& instances) const {
  const auto known = peer_facts_.find(peer);
  if (known == peer_facts_.end()) return 0;
  unsigned sum = 0;
  for (const auto& instance : known->second.instances) {
    if (std::ranges::find(instances, instance.name) == instances.end()) continue;
    const auto fact = instance.facts.find("priority");
    if (fact == instance.facts.end()) continue;
    sum += static_cast<unsigned>(std::min<std::uint64_t>(
        parse_unsigned(fact->second.value).value_or(0), vrrp::owner_priority));
  }
  return sum;
}

// Another configuration: what was found with the old one is worth nothing.
void Node::compare_anew() {
  mismatches_.clear();
  const auto known = peer_facts_;
  for (const auto& [peer, facts] : known) take_facts(peer, facts);
  tell_facts();
}

// What another node told once holds as long as it can be reached; the book forgets what is not seen
// again for some minutes.
void Node::keep_disagreements(Instant now) {
  if (now < next_comparison_of_facts_) return;
  next_comparison_of_facts_ = now + MismatchBook::memory / 5;
  for (const auto& peer : pair_.peers()) {
    const auto known = peer_facts_.find(name_of(*peer));
    if (peer->is_up() && known != peer_facts_.end())
      take_facts(known->first, NodeFacts(known->second));
  }
}

void Node::add_peer_statuses(nlohmann::json& own) {
  const Instant now = loop_.now();
  if (now >= next_peer_status_) {
    next_peer_status_ = now + status_interval;
    pair_.send_all(PairMessage::status_request, "");
  }
  for (auto& peer : own["pair"]["peers"]) {
    const auto address = net::IpAddress::parse(peer.value("address", ""));
    const auto found = address ? peer_statuses_.find(*address) : peer_statuses_.end();
    peer["status"] = found == peer_statuses_.end() ? nlohmann::json(nullptr) : found->second.value;
    if (found != peer_statuses_.end()) peer["status_age_ms"] = to_ms(now - found->second.at);
  }
}

}  // namespace baton::failover
