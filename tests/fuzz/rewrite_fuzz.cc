// Rewrite programs: the first line is a request's path, the rest the inside of a server block. What
// is accepted must run to an end: a location of that server, or an answer whose Location is one
// line; the URI may change only so often.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/assert.h"
#include "config/nginx/load_text.h"
#include "proxy/routing/route.h"

using namespace baton;

namespace {

constexpr std::size_t input_bytes_max = 4096;

// Expressions can be made that take as long as one likes: those are the user's.
bool is_fair(std::string_view text) {
  std::size_t repeats = 0;
  for (const char c : text) repeats += c == '*' || c == '+' || c == '{' ? 1 : 0;
  return repeats < 24 && text.find("include") == std::string_view::npos;
}

void check_routed(const proxy::Request& request, const proxy::Verdict& verdict) {
  const auto& locations = request.server->locations;
  BATON_ASSERT(request.redirects <= 11);
  BATON_ASSERT(request.location >= locations.data() &&
               request.location < locations.data() + locations.size());
  if (verdict.kind == proxy::Verdict::Kind::proceed) BATON_ASSERT(!request.uri.empty());
  if (verdict.kind == proxy::Verdict::Kind::error) BATON_ASSERT(verdict.status < 1000);
  BATON_ASSERT(request.response.location.find_first_of("\r\n") == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size > input_bytes_max) return 0;
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const std::string_view path = text.substr(0, text.find('\n'));
  const std::string_view rest = path.size() < text.size() ? text.substr(path.size() + 1) : "";
  if (!path.starts_with('/') || !is_fair(rest)) return 0;
  const auto loaded = config::nginx::load_http(
      "map $arg_m $mapped { default d; ~^(?<g>a+) $g; }\n"
      "server { listen 80;\n" +
      std::string(rest) + "\n}");
  if (!loaded.proxy) return 0;
  const proxy::Router router(*loaded.proxy);
  proxy::ClientInfo client;
  proxy::Request request;
  request.client = &client;
  request.definitions = &router.definitions();
  request.head.path = path;
  request.head.method_name = "GET";
  const proxy::Verdict verdict = proxy::route(request, router, 0);
  if (request.server) check_routed(request, verdict);
  return 0;
}
