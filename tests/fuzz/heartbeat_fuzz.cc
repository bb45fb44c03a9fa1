// Reports of the second heartbeat path, plain and sealed: what is taken is of the known form and
// comes back the same; a node with a key believes nothing of what it did not sign, and is not
// deafened by it.

#include <cstdint>

#include "base/assert.h"
#include "vrrp/heartbeat_seal.h"

namespace {

using namespace baton;

constexpr std::uint8_t key_byte = 0x42;

vrrp::PeerReport a_report() {
  vrrp::PeerReport report;
  report.name = "VI_1";
  report.virtual_router_id = 51;
  report.heartbeat_interval = 50ms;
  return report;
}

void judge_plain(std::span<const std::uint8_t> bytes) {
  const auto report = vrrp::parse_heartbeat(bytes);
  if (!report) return;
  BATON_ASSERT(bytes.size() <= vrrp::heartbeat_size_max);
  BATON_ASSERT(report->virtual_router_id != 0);
  BATON_ASSERT(report->state <= vrrp::State::stopped);
  const auto again = vrrp::parse_heartbeat(vrrp::encode_heartbeat(*report));
  BATON_ASSERT(again && *again == *report);
}

void judge_sealed(std::span<const std::uint8_t> bytes) {
  static const vrrp::HeartbeatKey key = vrrp::derive_heartbeat_key(bytes.first(0));
  static const Instant now = Instant(1000s);
  static vrrp::HeartbeatSeal node = [] {
    vrrp::HeartbeatSeal made(7);
    made.configure(key, 50ms);
    return made;
  }();
  const auto message = vrrp::parse_sealed(bytes);
  const auto verdict = node.open(bytes, "eth1", now);
  if (!vrrp::has_right_code(bytes, key)) BATON_ASSERT(!verdict.report);
  if (!message) return;
  BATON_ASSERT(bytes.size() <= vrrp::sealed_size_max);
  const auto signed_bytes = vrrp::encode_sealed(*message, key);
  const auto again = vrrp::parse_sealed(signed_bytes);
  BATON_ASSERT(again && *again == *message && vrrp::has_right_code(signed_bytes, key));
  // Behind the code: echoes and sequences of any kind.
  static_cast<void>(node.open(signed_bytes, "eth1", now));
}

// A node and its neighbour, who share a key: whatever else arrives, also in the neighbour's name,
// the neighbour's next report is believed. What is not signed changes nothing.
void judge_deafness(std::span<const std::uint8_t> bytes) {
  static const vrrp::HeartbeatKey key = vrrp::derive_heartbeat_key(std::span(&key_byte, 1));
  static vrrp::HeartbeatSeal node(7);
  static vrrp::HeartbeatSeal neighbour(8);
  static const bool acquainted = [] {
    const Instant now(1000s);
    node.configure(key, 50ms);
    neighbour.configure(key, 50ms);
    static_cast<void>(neighbour.open(node.seal(a_report(), now), "eth1", now));
    return node.open(neighbour.seal(a_report(), now), "eth1", now).report.has_value();
  }();
  BATON_ASSERT(acquainted);
  const Instant now(1000s + 100ms);
  BATON_ASSERT(!node.open(bytes, "eth1", now).report);
  static_cast<void>(neighbour.open(node.seal(a_report(), now), "eth1", now));
  BATON_ASSERT(node.open(neighbour.seal(a_report(), now), "eth1", now).report);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  judge_plain(std::span(bytes, size));
  judge_sealed(std::span(bytes, size));
  judge_deafness(std::span(bytes, size));
  return 0;
}
