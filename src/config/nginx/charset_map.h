// Reading the block of a charset_map.
#pragma once

#include <memory>

#include "config/model/charset_map.h"
#include "config/nginx/reader.h"

namespace baton::config::nginx {

// The map that the directive describes. Errors are told to the reader.
std::shared_ptr<const CharsetMap> read_charset_map_block(Reader& reader,
                                                         const Directive& directive);

}  // namespace baton::config::nginx
