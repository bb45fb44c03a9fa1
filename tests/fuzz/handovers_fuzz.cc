// Messages of handovers to a node that is backup, from the two other nodes of its pair, in any
// order: what is no message changes nothing; no message makes it master but the word of a node
// whose offer it has taken; and whatever a peer sends, what is kept of it has bounds.
//
// An input is a row of: kind of message (1), peer (1), length (2), body.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "failover/handovers_test_node.h"
#include "net/bytes.h"

namespace {

using namespace baton;
using namespace baton::failover;

constexpr int messages_max = 8;

bool is_message(PairMessage type, const std::string& body) {
  if (type == PairMessage::handover_offer) return decode_offer(body).has_value();
  if (type == PairMessage::handover_flows) return decode_flows(body).has_value();
  if (type == PairMessage::pass_request) return decode_names(body).has_value();
  return decode_note(body).has_value();
}

// All that a message could change.
struct Snapshot {
  vrrp::State state;
  Instant deadline;
  std::size_t given, taken, past, sent, rules, waiting = 0;
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

Snapshot snapshot_of(const TestNode& node) {
  const auto& instance = node.router.instance();
  Snapshot seen{instance.state(),
                instance.deadline(),
                node.handovers.given().size(),
                node.handovers.taken().size(),
                node.handovers.past().size(),
                node.sent.size(),
                node.rules.size()};
  for (const auto& taken : node.handovers.taken()) seen.waiting += taken->flows_waiting;
  return seen;
}

void judge_bounds(const TestNode& node) {
  BATON_ASSERT(node.handovers.past().size() <= Handovers::past_max);
  for (const auto& taken : node.handovers.taken()) {
    BATON_ASSERT(taken->flows_waiting + taken->moved.size() <= moved_flows_max);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  TestNode node(2);
  node.add_peer(1);
  node.add_peer(3);
  node.router.hear(1, 100);
  BATON_ASSERT(node.router.instance().state() == vrrp::State::backup);
  net::ByteReader reader(std::span(bytes, size));
  for (int i = 0; i < messages_max && reader.left() >= 4; ++i) {
    const PairMessage type = Handovers::messages[reader.u8() % Handovers::messages.size()];
    const int peer = (reader.u8() & 1) != 0 ? 3 : 1;
    const std::size_t length = std::min<std::size_t>(reader.u16(), reader.left());
    const auto part = reader.take(length);
    const std::string body(reinterpret_cast<const char*>(part.data()), part.size());
    const bool had_offer = !node.handovers.taken().empty();
    const Snapshot before = snapshot_of(node);
    node.handovers.on_message(type, node.peer(peer), body);
    node.do_work();
    const Snapshot after = snapshot_of(node);
    BATON_ASSERT(after == before || is_message(type, body));
    if (after.state != before.state) {
      BATON_ASSERT(type == PairMessage::handover_taken && had_offer);
    }
    judge_bounds(node);
  }
  if (!node.handovers.taken().empty()) node.wait(std::chrono::hours(30));
  BATON_ASSERT(node.handovers.taken().empty());
  return 0;
}
