// The program of a level's rewrite directives.
#pragma once

#include <memory>

#include "config/nginx/reader.h"

namespace baton::config::nginx {

// Puts the rewrite lines of a level, all of whose blocks have been read, in order. Null: none.
std::shared_ptr<const RewriteProgram> make_program(Level& level);

}  // namespace baton::config::nginx
