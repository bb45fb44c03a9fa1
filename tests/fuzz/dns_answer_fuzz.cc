// Answers of name servers: whatever the bytes, what is read from them is within bounds, and an
// answer that is "found" holds something.

#include <cstdint>
#include <span>

#include "base/assert.h"
#include "upstream/dns_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace baton::upstream;
  for (const DnsType type : {DnsType::a, DnsType::aaaa, DnsType::srv}) {
    const DnsAnswer answer = parse_dns_answer(std::span(bytes, size), type);
    BATON_ASSERT(answer.addresses.size() <= dns_records_max);
    BATON_ASSERT(answer.services.size() <= dns_records_max);
    const bool found = !answer.addresses.empty() || !answer.services.empty();
    BATON_ASSERT(found == (answer.status == DnsStatus::found));
    BATON_ASSERT(!found || answer.time_to_live.has_value());
    BATON_ASSERT(answer.alias.size() <= 255);
    for (const auto& service : answer.services) BATON_ASSERT(!service.target.empty());
  }
  return 0;
}
