// Messages of the handover: what is understood says itself again; nothing else is understood.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "failover/handover_messages.h"

using namespace baton::failover;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string body(reinterpret_cast<const char*>(bytes), size);
  if (const auto scope = decode_offer(body)) {
    BATON_ASSERT(decode_offer(encode_offer(*scope)) == scope);
  }
  if (const auto list = decode_flows(body)) {
    BATON_ASSERT(list->flows.size() <= flows_per_message);
    const auto again = decode_flows(encode_flows(*list));
    BATON_ASSERT(again && again->flows == list->flows && again->last == list->last);
  }
  if (const auto note = decode_note(body)) BATON_ASSERT(note->why.size() <= 512);
  if (const auto request = decode_request(body)) {
    BATON_ASSERT(request->instances.size() <= handover_names_max);
    BATON_ASSERT(decode_request(encode_request(*request)) == request);
  }
  if (const auto names = decode_names(body)) BATON_ASSERT(names->size() <= handover_names_max);
  return 0;
}
