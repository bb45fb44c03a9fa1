// health_check and match: what needs the whole file.
#pragma once

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// Joins checks with their matches and their groups. After the groups are known.
void finish_health_checks(Reader& reader);

}  // namespace baton::config::nginx
