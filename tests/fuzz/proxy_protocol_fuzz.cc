// PROXY headers: no more is taken than was there, what is complete stays so when bytes follow,
// every beginning of it is incomplete, and fields lie within the header.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "net/proxy_protocol.h"

namespace {

using baton::net::parse_proxy_header;
using State = baton::net::ProxyHeaderResult::State;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const auto result = parse_proxy_header(text);
  BATON_ASSERT((result.state == State::broken) == !result.problem.empty());
  if (result.state != State::complete) return 0;
  BATON_ASSERT(result.length > 0 && result.length <= text.size());
  BATON_ASSERT(result.length <= baton::net::proxy_header_bytes_max);
  const std::string header = text.substr(0, result.length);
  BATON_ASSERT(parse_proxy_header(header + "GET / HTTP/1.1").length == result.length);
  BATON_ASSERT(parse_proxy_header(header.substr(0, header.size() - 1)).state == State::incomplete);
  BATON_ASSERT(result.header.fields.size() < header.size());
  for (const char* name : {"alpn", "ssl", "ssl_version", "ssl_verify", "0x04", "0xzz", ""}) {
    const auto value = baton::net::proxy_field_named(result.header.fields, name);
    BATON_ASSERT(!value || value->size() <= result.header.fields.size() + 10);
  }
  return 0;
}
