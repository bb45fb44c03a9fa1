// Any text as nginx.conf: it must be taken or refused, without a crash and in bounded time. Nothing
// is included and no name is looked up; what was taken must be consistent in itself.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "config/nginx/load_text.h"

using namespace baton::config;

namespace {

constexpr std::size_t input_bytes_max = 1 << 18;

void check_model(const Proxy& proxy) {
  for (const Listener& listener : proxy.listeners) {
    BATON_ASSERT(!listener.servers.empty());
    BATON_ASSERT(listener.default_server < proxy.servers.size());
    for (const std::uint32_t server : listener.servers) BATON_ASSERT(server < proxy.servers.size());
  }
  for (const Server& server : proxy.servers) {
    BATON_ASSERT(!server.locations.empty() && !server.names.empty());
    for (const std::uint32_t index : server.top_level)
      BATON_ASSERT(index < server.locations.size());
    for (const Location& location : server.locations) {
      BATON_ASSERT(location.types != nullptr);
      if (location.proxy && !location.proxy->url) {
        BATON_ASSERT(location.proxy->upstream < proxy.upstreams.size());
      }
      if (!location.access_logs) continue;
      for (const AccessLog& log : *location.access_logs) {
        BATON_ASSERT(log.format < proxy.log_formats.size());
      }
    }
  }
  for (const UpstreamGroup& group : proxy.upstreams) BATON_ASSERT(!group.servers.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size > input_bytes_max) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const nginx::Loaded loaded = nginx::load_text(text);
  BATON_ASSERT((loaded.proxy == nullptr) == loaded.diagnostics.failed());
  if (loaded.proxy) check_model(*loaded.proxy);
  return 0;
}
