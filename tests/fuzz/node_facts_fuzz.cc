// What another node says of its file, and its status: JSON of any shape. What is understood has
// bounds and says itself again; comparing it with our own file finds no more than there is to
// compare; a status, which is kept and shown as it came, can be copied and written.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "base/assert.h"
#include "base/json_text.h"
#include "failover/node_facts.h"

namespace {

using namespace baton;

failover::NodeFacts our_own() {
  failover::InstanceFacts instance;
  instance.name = "VI_1";
  instance.virtual_router_id = 51;
  for (const char* keyword : {"priority", "advert_int", "auth_pass", "version"}) {
    instance.facts[keyword] = {"100", "k.conf:3: ..."};
  }
  return {"node", {instance}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(bytes), size);
  const nlohmann::json status = parse_json(body);
  if (!status.is_discarded()) {
    const nlohmann::json copy = status;
    BATON_ASSERT(parse_json(json_text(copy)) == status);
  }
  const auto facts = failover::NodeFacts::decode(body);
  if (!facts) return 0;
  BATON_ASSERT(facts->instances.size() <= 1024);
  for (const auto& instance : facts->instances) {
    BATON_ASSERT(instance.virtual_router_id <= 255 && instance.facts.size() <= 64);
    BATON_ASSERT(instance.name.size() <= 4096);
  }
  static const failover::NodeFacts ours = our_own();
  BATON_ASSERT(failover::compare(ours, *facts).size() <= ours.instances[0].facts.size());
  const auto again = failover::NodeFacts::decode(facts->encode());
  BATON_ASSERT(again && again->encode() == facts->encode());
  return 0;
}
