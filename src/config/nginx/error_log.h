// The arguments of `error_log`, which stands on the main level as well as in http.
#pragma once

#include <optional>

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// Nothing, with the problem told, when the directive is wrong or asks for what baton lacks.
std::optional<ErrorLog> parse_error_log(Reader& reader, const Directive& directive);

}  // namespace baton::config::nginx
