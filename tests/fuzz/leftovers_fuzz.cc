// The packed configuration: what a running process is given at a reload, and what a run that was
// killed left in the run folder for the next one. Nothing but a whole one is taken; one that is
// taken packs itself again; what is read from it reads no file of the disk.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "config/keepalived/load.h"
#include "failover/leftovers.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace baton;
  const std::string_view packed(reinterpret_cast<const char*>(bytes), size);
  auto sources = config::SourceTree::unpack(packed);
  if (!sources) return 0;
  BATON_ASSERT(!sources->live());
  const auto again = config::SourceTree::unpack(sources->pack());
  BATON_ASSERT(again && again->pack() == sources->pack());
  config::Diagnostics diagnostics;
  const auto config = config::keepalived::load(*sources, {"/k/main", "node"}, diagnostics);
  if (!config) return 0;
  static_cast<void>(failover::all_routes(*config));
  for (const auto& link : failover::all_vmacs(*config)) BATON_ASSERT(!link.name.empty());
  return 0;
}
