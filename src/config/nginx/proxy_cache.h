// proxy_cache and its family.
#pragma once

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// A zone may be used above the line that describes it: whether all have been, once everything is
// read.
void check_cache_zones(Reader& reader);

// proxy_ignore_headers, as far as it concerns the cache.
void ignore_header_for_cache(Reader& reader, std::string_view name);

}  // namespace baton::config::nginx
