// Reads `path [level1 [level2 [level3]]]`.
#pragma once

#include <optional>

#include "config/model/temporary_path.h"
#include "config/nginx/reader.h"

namespace baton::config::nginx {

// nullopt: told.
std::optional<TemporaryPath> parse_temporary_path(Reader& reader, const Directive& directive);

}  // namespace baton::config::nginx
