// Reports of the second heartbeat path: what is taken is of the known form and comes back the same.

#include <cstdint>

#include "base/assert.h"
#include "vrrp/heartbeat.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto report = baton::vrrp::parse_heartbeat(std::span(bytes, size));
  if (!report) return 0;
  BATON_ASSERT(size <= baton::vrrp::heartbeat_size_max);
  BATON_ASSERT(report->virtual_router_id != 0);
  BATON_ASSERT(report->state <= baton::vrrp::State::stopped);
  const auto again = baton::vrrp::parse_heartbeat(baton::vrrp::encode_heartbeat(*report));
  BATON_ASSERT(again && *again == *report);
  return 0;
}
