// Paths: a normalised path begins with '/', holds no dot segments, is not longer than what it was
// made of, and paths that claim to be normal stay as they are.

#include <cstdint>
#include <string>

#include "base/assert.h"
#include "http/uri.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace baton::http;
  const std::string text = "/" + std::string(reinterpret_cast<const char*>(bytes), size);
  const SplitTarget split = split_target(text);
  for (const bool merge : {false, true}) {
    std::string into(split.path.size(), 0);
    const auto path = normalise_path(split.path, merge, into.data());
    if (is_normal_path(split.path, merge)) BATON_ASSERT(path && *path == split.path);
    if (!path) continue;
    BATON_ASSERT(path->starts_with('/') && path->size() <= split.path.size());
    BATON_ASSERT(path->find("/../") == std::string_view::npos);
    BATON_ASSERT(path->find("/./") == std::string_view::npos);
    BATON_ASSERT(!path->ends_with("/..") && !path->ends_with("/."));
    BATON_ASSERT(!merge || path->find("//") == std::string_view::npos);
    std::string escaped;
    append_escaped(escaped, *path);
    std::string again(escaped.size(), 0);
    const auto decoded = normalise_path(escaped, merge, again.data());
    BATON_ASSERT(decoded && *decoded == *path);
  }
  return 0;
}
