// The last step of reading nginx.conf: what needs the whole file. Upstream names become indices,
// `listen` lines become listeners with their servers, duplicates are found.
#pragma once

#include "config/nginx/reader.h"

namespace baton::config::nginx {

void assemble(Reader& reader);

}  // namespace baton::config::nginx
